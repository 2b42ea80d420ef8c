"""Definitions of complex functions in real arithmetic, on scalars that count."""

from __future__ import annotations

import math

from tests.rules.counting import Complex, Real


def sine_and_cosine(x: Real) -> tuple[Real, Real]:
    return x.apply(math.sin), x.apply(math.cos)


def hyperbolic(x: Real) -> tuple[Real, Real]:
    return x.apply(math.sinh), x.apply(math.cosh)


def exp(z: Complex) -> Complex:
    size = z.re.apply(math.exp)
    sine, cosine = sine_and_cosine(z.im)
    return Complex(size * cosine, size * sine)


def exp2(z: Complex) -> Complex:
    return exp(z.scaled(math.log(2)))


def expm1(z: Complex) -> Complex:
    return exp(z).plus_real(-1.0)


def log(z: Complex) -> Complex:
    return Complex(z.modulus().apply(math.log), z.im.apply(math.atan2, z.re))


def log2(z: Complex) -> Complex:
    return log(z).scaled(1 / math.log(2))


def log1p(z: Complex) -> Complex:
    return log(z.plus_real(1.0))


def sin(z: Complex) -> Complex:
    (s, c), (sh, ch) = sine_and_cosine(z.re), hyperbolic(z.im)
    return Complex(s * ch, c * sh)


def cos(z: Complex) -> Complex:
    (s, c), (sh, ch) = sine_and_cosine(z.re), hyperbolic(z.im)
    return Complex(c * ch, -(s * sh))


def tan(z: Complex) -> Complex:
    (s, c), (sh, ch) = sine_and_cosine(z.re), hyperbolic(z.im)
    return Complex(s * ch, c * sh) / Complex(c * ch, -(s * sh))


def sinh(z: Complex) -> Complex:
    (sh, ch), (s, c) = hyperbolic(z.re), sine_and_cosine(z.im)
    return Complex(sh * c, ch * s)


def cosh(z: Complex) -> Complex:
    (sh, ch), (s, c) = hyperbolic(z.re), sine_and_cosine(z.im)
    return Complex(ch * c, sh * s)


def tanh(z: Complex) -> Complex:
    (sh, ch), (s, c) = hyperbolic(z.re), sine_and_cosine(z.im)
    return Complex(sh * c, ch * s) / Complex(ch * c, sh * s)


def _sqrt(z: Complex) -> tuple[Complex, Real]:
    r = z.modulus()
    re = ((r + z.re) * 0.5).apply(math.sqrt)
    im = ((r - z.re) * 0.5).apply(math.sqrt)
    sign = z.im._flop(math.copysign(1.0, z.im.value))  # the sign of b, a flop as `sign` is
    return Complex(re, im * sign), r


def sqrt(z: Complex) -> Complex:
    return _sqrt(z)[0]


def rsqrt(z: Complex) -> Complex:
    root, r = _sqrt(z)
    conjugate = root.conj()
    return Complex(conjugate.re / r, conjugate.im / r)


def power(z: Complex, w: Complex) -> Complex:
    return exp(w * log(z))


def logistic(z: Complex) -> Complex:
    u = exp(-z).plus_real(1.0)
    conjugate, size = u.conj(), u.re * u.re + u.im * u.im
    return Complex(conjugate.re / size, conjugate.im / size)


def asinh(z: Complex) -> Complex:
    return log(z + sqrt((z * z).plus_real(1.0)))


def asin(z: Complex) -> Complex:
    return asinh(z.times_i()).times_minus_i()


def acos(z: Complex) -> Complex:
    arc = asin(z)
    return Complex(math.pi / 2 - arc.re, -arc.im)


def acosh(z: Complex) -> Complex:
    return log(z + sqrt(z.plus_real(1.0)) * sqrt(z.plus_real(-1.0)))


def atanh(z: Complex) -> Complex:
    plus, minus = z.plus_real(1.0), Complex(1.0 - z.re, -z.im)
    return (log(plus) - log(minus)).scaled(0.5)


def atan(z: Complex) -> Complex:
    return atanh(z.times_i()).times_minus_i()


def atan2(y: Complex, x: Complex) -> Complex:
    turned = x + y.times_i()
    return log(turned / sqrt(x * x + y * y)).times_minus_i()


def sign(z: Complex) -> Complex:
    r = z.modulus()
    return Complex(z.re / r, z.im / r)


def logaddexp(a: Complex, b: Complex) -> Complex:
    first = a.re < b.re
    big, small = (b, a) if first else (a, b)
    return big + log1p(exp(small - big))
