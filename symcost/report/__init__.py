"""Reports: one document, lowered to text, markdown, LaTeX and plain dictionaries."""
