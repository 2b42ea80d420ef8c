"""Detectors, and models of visual attention."""

from __future__ import annotations

from symcost.zoo.entry import Dim, Entry

# Visual attention: saliency maps of an image, and what selects places of such a map.

WINNERS = Dim("K", "places attended to", (1, 2, 3, 5, 8))

ITTI = "Itti, Koch, Niebur: A Model of Saliency-Based Visual Attention for Rapid Scene Analysis, IEEE TPAMI 20, 1998"
HOU = "Hou, Zhang: Saliency Detection: A Spectral Residual Approach, CVPR 2007"

ATTENTION = (
    Entry("saliency", "Saliency map from contrasts of intensity, colour and orientation", ITTI, "saliency:saliency",
          (Dim("N", "image side", (256, 512), multiple_of=256),)),
    Entry("spectral-residual", "Saliency map from the residual of an image's spectrum", HOU,
          "spectral_residual:spectral", (Dim("N", "image side", (1, 2, 3, 17, 32, 50, 64)),)),
    Entry("wta-scan", "Most salient places, by a scan of the map for each", ITTI, "winner_take_all:scanning",
          (Dim("N", "side of the map", (1, 2, 5, 16, 33)), WINNERS)),
    Entry("wta-hierarchical", "Most salient places, by a search down a tree of maxima", ITTI,
          "winner_take_all:hierarchical", (Dim("N", "side of the map", (1, 2, 4, 16, 32), power_of=2), WINNERS)),
)  # fmt: skip

ROWS: tuple[Entry, ...] = ATTENTION
