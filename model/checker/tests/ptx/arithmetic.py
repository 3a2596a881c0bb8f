"""Writes arithmetic.csv: PTX instructions, their inputs, and the results that the PTX ISA manual asks for.

Computed apart from the checker: integers by Python's own, floats as exact fractions that are rounded once.
Each row: instruction | inputs | results; a value is BITS:HEX, bits 1 for predicates.
"""

import random
import struct
import sys
from fractions import Fraction

random.seed(20240607)
ROWS = []


def row(text, inputs, results):
    values = lambda many: " ".join(f"{bits}:{value & ((1 << bits) - 1):x}" for bits, value in many)
    ROWS.append(f"{text} | {values(inputs)} | {values(results)}")


def signed(value, bits):
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def read(value, kind):
    bits = int(kind[1:])
    return signed(value, bits) if kind[0] == "s" else value & ((1 << bits) - 1)


def edge(bits):
    top = 1 << (bits - 1)
    return random.choice([0, 1, 2, 7, top - 1, top, top + 1, (1 << bits) - 1, random.getrandbits(bits), random.getrandbits(bits // 2)])


def truncated(a, b):
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def clamp(value, low=-(1 << 31), high=(1 << 31) - 1):
    return max(low, min(high, value))


INTEGER = {
    "add": lambda a, b, n: a + b,
    "sub": lambda a, b, n: a - b,
    "mul.lo": lambda a, b, n: a * b,
    "mul.hi": lambda a, b, n: a * b >> n,
    "min": lambda a, b, n: min(a, b),
    "max": lambda a, b, n: max(a, b),
    "div": lambda a, b, n: truncated(a, b),
    "rem": lambda a, b, n: a - truncated(a, b) * b,
}


def integers():
    for kind in ["u16", "s16", "u32", "s32", "u64", "s64"]:
        n = int(kind[1:])
        for name, function in INTEGER.items():
            for _ in range(4):
                x, y = edge(n), edge(n)
                if name in ("div", "rem") and read(y, kind) == 0:
                    y = 3
                row(f"{name}.{kind} d0, a0, a1", [(n, x), (n, y)], [(n, function(read(x, kind), read(y, kind), n))])
        for _ in range(3):
            x, y, z = edge(n), edge(n), edge(n)
            a, b, c = read(x, kind), read(y, kind), read(z, kind)
            row(f"mad.lo.{kind} d0, a0, a1, a2", [(n, x), (n, y), (n, z)], [(n, a * b + c)])
            row(f"mad.hi.{kind} d0, a0, a1, a2", [(n, x), (n, y), (n, z)], [(n, (a * b >> n) + c)])
            row(f"sad.{kind} d0, a0, a1, a2", [(n, x), (n, y), (n, z)], [(n, c + abs(a - b))])
            if kind[0] == "s":
                row(f"abs.{kind} d0, a0", [(n, x)], [(n, abs(a))])
                row(f"neg.{kind} d0, a0", [(n, x)], [(n, -a)])
            if n < 64:
                row(f"mul.wide.{kind} d0, a0, a1", [(n, x), (n, y)], [(2 * n, a * b)])
                w = edge(2 * n)
                row(f"mad.wide.{kind} d0, a0, a1, a2", [(n, x), (n, y), (2 * n, w)], [(2 * n, a * b + w)])
    for _ in range(6):
        x, y, z = edge(32), edge(32), edge(32)
        a, b, c = (signed(v, 32) for v in (x, y, z))
        row("add.sat.s32 d0, a0, a1", [(32, x), (32, y)], [(32, clamp(a + b))])
        row("sub.sat.s32 d0, a0, a1", [(32, x), (32, y)], [(32, clamp(a - b))])
        row("mad.hi.sat.s32 d0, a0, a1, a2", [(32, x), (32, y), (32, z)], [(32, clamp((a * b >> 32) + c))])
        p = signed(x, 24) * signed(y, 24)
        row("mul24.lo.s32 d0, a0, a1", [(32, x), (32, y)], [(32, p)])
        row("mul24.hi.s32 d0, a0, a1", [(32, x), (32, y)], [(32, p >> 16)])
        row("mad24.lo.u32 d0, a0, a1, a2", [(32, x), (32, y), (32, z)], [(32, (x & 0xFFFFFF) * (y & 0xFFFFFF) + z)])
        octets = lambda v, s: [read(v >> 8 * i, ("s" if s else "u") + "8") for i in range(4)]
        words = lambda v, s: [read(v >> 16 * i, ("s" if s else "u") + "16") for i in range(2)]
        for sa in (0, 1):
            for sb in (0, 1):
                ta, tb = ("us"[sa] + "32", "us"[sb] + "32")
                dot = sum(p * q for p, q in zip(octets(x, sa), octets(y, sb)))
                row(f"dp4a.{ta}.{tb} d0, a0, a1, a2", [(32, x), (32, y), (32, z)], [(32, dot + z)])
                dot = sum(p * q for p, q in zip(words(x, sa), octets(y, sb)[2:]))
                row(f"dp2a.hi.{ta}.{tb} d0, a0, a1, a2", [(32, x), (32, y), (32, z)], [(32, dot + z)])
        both = x + y
        row("{ add.cc.u32 d0, a0, a1; addc.u32 d1, a2, 0; }", [(32, x), (32, y), (32, z)], [(32, both), (32, z + (both >> 32))])
        row("{ sub.cc.u32 d0, a0, a1; subc.u32 d1, a2, 5; }", [(32, x), (32, y), (32, z)], [(32, x - y), (32, z - 5 - (x < y))])
        low = (x * y & 0xFFFFFFFF) + z
        row("{ mad.lo.cc.u32 d0, a0, a1, a2; madc.hi.u32 d1, a0, a1, 9; }", [(32, x), (32, y), (32, z)], [(32, low), (32, (x * y >> 32) + 9 + (low >> 32))])


def bits():
    for n in (16, 32, 64):
        for _ in range(3):
            x, y = edge(n), edge(n)
            s = random.choice([0, 1, n // 2, n - 1, n, n + 1, 0xFFFFFFFF])
            row(f"and.b{n} d0, a0, a1", [(n, x), (n, y)], [(n, x & y)])
            row(f"or.b{n} d0, a0, a1", [(n, x), (n, y)], [(n, x | y)])
            row(f"xor.b{n} d0, a0, a1", [(n, x), (n, y)], [(n, x ^ y)])
            row(f"not.b{n} d0, a0", [(n, x)], [(n, ~x)])
            row(f"cnot.b{n} d0, a0", [(n, x)], [(n, x == 0)])
            row(f"shl.b{n} d0, a0, a1", [(n, x), (32, s)], [(n, x << s if s < n else 0)])
            row(f"shr.u{n} d0, a0, a1", [(n, x), (32, s)], [(n, x >> s)])
            row(f"shr.s{n} d0, a0, a1", [(n, x), (32, s)], [(n, signed(x, n) >> min(s, n))])
    for n in (32, 64):
        for x in (0, 1, (1 << n) - 1, 1 << (n - 1), edge(n), edge(n)):
            row(f"popc.b{n} d0, a0", [(n, x)], [(32, bin(x).count("1"))])
            row(f"clz.b{n} d0, a0", [(n, x)], [(32, n - x.bit_length())])
            row(f"brev.b{n} d0, a0", [(n, x)], [(n, int(f"{x:0{n}b}"[::-1], 2))])
            row(f"bfind.u{n} d0, a0", [(n, x)], [(32, x.bit_length() - 1)])
            magnitude = ~signed(x, n) if signed(x, n) < 0 else x
            row(f"bfind.s{n} d0, a0", [(n, x)], [(32, magnitude.bit_length() - 1)])
            shift = n - x.bit_length() if x else -1
            row(f"bfind.shiftamt.u{n} d0, a0", [(n, x)], [(32, shift)])
            for kind in "us":
                p, l = random.choice([(0, 5), (3, 0), (n - 4, 9), (n, 4), (255, 255), (7, n), (1, n - 1)])
                out, msb = 0, n - 1
                fill = (x >> min(p + l - 1, msb)) & 1 if kind == "s" and l else 0
                for i in range(n):
                    out |= ((x >> (p + i)) & 1 if i < l and p + i <= msb else fill) << i
                row(f"bfe.{kind}{n} d0, a0, a1, a2", [(n, x), (32, p), (32, l)], [(n, out)])
            y, out = edge(n), None
            out = y
            for i in range(l):
                if p + i < n:
                    out = out & ~(1 << (p + i)) | ((x >> i) & 1) << (p + i)
            row(f"bfi.b{n} d0, a0, a1, a2, a3", [(n, x), (n, y), (32, p), (32, l)], [(n, out)])
    for _ in range(6):
        a, b, c = (random.getrandbits(32) for _ in range(3))
        table = random.getrandbits(8)
        out = sum((table >> ((a >> i & 1) << 2 | (b >> i & 1) << 1 | (c >> i & 1)) & 1) << i for i in range(32))
        row(f"lop3.b32 d0, a0, a1, a2, {table}", [(32, a), (32, b), (32, c)], [(32, out)])
        row(f"lop3.or.b32 d0|d1, a0, a1, a2, {table}, a3", [(32, a), (32, b), (32, c), (1, 0)], [(32, out), (1, out != 0)])
        s = random.choice([0, 1, 17, 31, 32, 40])
        both = b << 32 | a
        for mode, m in (("wrap", s & 31), ("clamp", min(s, 32))):
            row(f"shf.l.{mode}.b32 d0, a0, a1, a2", [(32, a), (32, b), (32, s)], [(32, both << m >> 32)])
            row(f"shf.r.{mode}.b32 d0, a0, a1, a2", [(32, a), (32, b), (32, s)], [(32, both >> m)])
            p, l = random.choice([0, 3, 31, 32, 35]), random.choice([0, 5, 31, 32, 37])
            p2, l2 = ((p & 31, l & 31) if mode == "wrap" else (min(p, 32), min(l, 32)))
            row(f"bmsk.{mode}.b32 d0, a0, a1", [(32, p), (32, l)], [(32, ((1 << l2) - 1) << p2)])
            out = 0 if l2 == 0 else signed(a, l2)
            row(f"szext.{mode}.s32 d0, a0, a1", [(32, a), (32, l)], [(32, out)])
            row(f"szext.{mode}.u32 d0, a0, a1", [(32, a), (32, l)], [(32, a & ((1 << l2) - 1))])
        octets = [both >> 8 * i & 255 for i in range(8)]
        out = 0
        for i in range(4):
            select = c >> 4 * i & 15
            value = octets[select & 7]
            out |= ((255 if value >> 7 else 0) if select & 8 else value) << 8 * i
        row("prmt.b32 d0, a0, a1, a2", [(32, a), (32, b), (32, c)], [(32, out)])
        base, offset = random.randrange(32), random.choice([0, 1, 2, 3, -1, -2, -5])
        steps = [base] if offset == 0 else range(base, 32) if offset > 0 else range(base, -1, -1)
        found = [i for i in steps if a >> i & 1]
        nth = max(abs(offset), 1) - 1
        row("fns.b32 d0, a0, a1, a2", [(32, a), (32, base), (32, offset)], [(32, found[nth] if nth < len(found) else -1)])
    orders = {
        "f4e": [[3, 2, 1, 0], [4, 3, 2, 1], [5, 4, 3, 2], [6, 5, 4, 3]],
        "b4e": [[5, 6, 7, 0], [6, 7, 0, 1], [7, 0, 1, 2], [0, 1, 2, 3]],
        "rc8": [[0] * 4, [1] * 4, [2] * 4, [3] * 4],
        "ecl": [[3, 2, 1, 0], [3, 2, 1, 1], [3, 2, 2, 2], [3, 3, 3, 3]],
        "ecr": [[0, 0, 0, 0], [1, 1, 1, 0], [2, 2, 1, 0], [3, 2, 1, 0]],
        "rc16": [[1, 0, 1, 0], [3, 2, 3, 2], [1, 0, 1, 0], [3, 2, 3, 2]],
    }
    for mode, table in orders.items():
        for select, order in enumerate(table):
            a, b = random.getrandbits(32), random.getrandbits(32)
            out = 0
            for octet in order:
                out = out << 8 | ((b << 32 | a) >> 8 * octet & 255)
            row(f"prmt.b32.{mode} d0, a0, a1, a2", [(32, a), (32, b), (32, select)], [(32, out)])
    row("mov.b64 d0, {a0, a1}", [(32, 0x11223344), (32, 0xAABBCCDD)], [(64, 0xAABBCCDD11223344)])
    row("mov.b64 {d0, d1}, a0", [(64, 0xAABBCCDD11223344)], [(32, 0x11223344), (32, 0xAABBCCDD)])
    row("mov.b64 {d0, d1, d2, d3}, a0", [(64, 0x4444333322221111)], [(16, 0x1111), (16, 0x2222), (16, 0x3333), (16, 0x4444)])
    row("mov.b32 d0, {a0, a1}", [(16, 0x1234), (16, 0xABCD)], [(32, 0xABCD1234)])
    row("selp.b32 d0, a0, a1, a2", [(32, 5), (32, 6), (1, 0)], [(32, 6)])
    row("selp.b32 d0, a0, a1, !a2", [(32, 5), (32, 6), (1, 0)], [(32, 5)])
    row("selp.b32 d0, a0, a1, -1", [(32, 5), (32, 6)], [(32, 5)])
    # Numbers among predicates: zero is false, all others are true.
    for p in (0, 1):
        for number in (-1, 0, 1, 2):
            truth = int(number != 0)
            row(f"xor.pred d0, a0, {number}", [(1, p)], [(1, p ^ truth)])
            row(f"and.pred d0, {number}, a0", [(1, p)], [(1, p & truth)])
            row(f"or.pred d0, a0, {number}", [(1, p)], [(1, p | truth)])
            row(f"xor.pred d0, !a0, {number}", [(1, p)], [(1, 1 - p ^ truth)])
        row("not.pred d0, a0", [(1, p)], [(1, 1 - p)])
        row("mov.pred d0, -1", [(1, p)], [(1, 1)])
        row("setp.lt.and.s32 d0|d1, a0, a1, -1", [(32, p), (32, 1)], [(1, 1 - p), (1, p)])
    row("slct.b32.s32 d0, a0, a1, a2", [(32, 5), (32, 6), (32, 1 << 31)], [(32, 6)])
    row("slct.b32.f32 d0, a0, a1, a2", [(32, 5), (32, 6), (32, 1 << 31)], [(32, 5)])
    row("slct.b32.f32 d0, a0, a1, a2", [(32, 5), (32, 6), (32, 0x7FC00000)], [(32, 6)])


# Formats: exponent bits, fraction bits.
FORMATS = {"f16": (5, 10), "bf16": (8, 7), "f32": (8, 23), "f64": (11, 52)}
NAN, INF = "nan", "inf"


def width(kind):
    return 1 + sum(FORMATS[kind])


def unpack(kind, value):
    """(negative, magnitude): magnitude a Fraction, NAN or INF"""
    e, f = FORMATS[kind]
    negative, exponent, fraction = value >> (e + f) & 1, value >> f & ((1 << e) - 1), value & ((1 << f) - 1)
    bias = (1 << (e - 1)) - 1
    if exponent == (1 << e) - 1:
        return negative, NAN if fraction else INF
    hidden = 1 << f if exponent else 0
    return negative, Fraction(fraction | hidden) * Fraction(2) ** (max(exponent, 1) - bias - f)


def nearest_whole(value, mode, negative):
    """value >= 0, a magnitude"""
    floor = value.numerator // value.denominator
    rest = value - floor
    if rest == 0:
        return floor
    up = {"rn": rest > Fraction(1, 2) or rest == Fraction(1, 2) and floor & 1, "rz": False, "rm": negative, "rp": not negative}[mode]
    return floor + bool(up)


def pack(kind, negative, magnitude, mode):
    e, f = FORMATS[kind]
    bias, sign = (1 << (e - 1)) - 1, negative << (e + f)
    infinity = ((1 << e) - 1) << f
    if magnitude == NAN:
        return infinity | 1 << 51 if kind == "f64" else (1 << (e + f)) - 1
    if magnitude == INF:
        return sign | infinity
    if magnitude == 0:
        return sign
    exponent = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
    if Fraction(2) ** exponent > magnitude:
        exponent -= 1
    exponent = max(exponent, 1 - bias)
    kept = nearest_whole(magnitude / Fraction(2) ** (exponent - f), mode, negative)
    result = ((exponent + bias - 1) << f) + kept
    if result >= infinity:
        away = {"rn": True, "rz": False, "rm": negative, "rp": not negative}[mode]
        result = infinity if away else infinity - 1
    return sign | result


def value_of(kind, bits):
    negative, magnitude = unpack(kind, bits)
    return (-magnitude if negative else magnitude) if isinstance(magnitude, Fraction) else None


def arithmetic(kind, name, operands, mode):
    parts = [unpack(kind, x) for x in operands]
    if any(m == NAN for _, m in parts):
        return pack(kind, 0, NAN, mode)
    if any(m == INF for _, m in parts):
        return None  # written out by hand below
    values = [-m if n else m for n, m in parts]
    if name == "add":
        result, zeros = values[0] + values[1], [n for n, _ in parts]
    elif name == "sub":
        result, zeros = values[0] - values[1], [parts[0][0], 1 - parts[1][0]]
    elif name == "mul":
        result, zeros = values[0] * values[1], [parts[0][0] ^ parts[1][0]]
    elif name == "fma":
        result, zeros = values[0] * values[1] + values[2], [parts[0][0] ^ parts[1][0], parts[2][0]]
        if values[0] * values[1] != 0 or values[2] != 0:
            zeros = [0, 1] if result == 0 else zeros
    elif name == "div":
        if values[1] == 0:
            return None
        result, zeros = values[0] / values[1], [parts[0][0] ^ parts[1][0]]
    if result == 0 and name in ("add", "sub") and (values[0] != 0):
        zeros = [0, 1]
    if result == 0:
        negative = zeros[0] if len(set(zeros)) == 1 else int(mode == "rm")
        return pack(kind, negative, Fraction(0), mode)
    return pack(kind, int(result < 0), abs(result), mode)


def random_float(kind):
    e, f = FORMATS[kind]
    bias = (1 << (e - 1)) - 1
    near = bias + random.randrange(-6, 7)
    exponent = random.choice([0, 1, near, near, near, near, near, (1 << e) - 2, random.randrange((1 << e) - 1)])
    fraction = random.choice([0, 1, (1 << f) - 1, random.getrandbits(f), random.getrandbits(f), 1 << (f - 1)])
    return random.getrandbits(1) << (e + f) | exponent << f | fraction


def root(value, kind, mode):
    """Correctly rounded: the root to 200 bits, with what is left made visible."""
    scale = 1200
    whole = value.numerator * (1 << 2 * scale) // value.denominator
    low, high = 0, 1 << (whole.bit_length() // 2 + 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle * middle <= whole else (low, middle - 1)
    exact = Fraction(low, 1 << scale)
    return pack(kind, 0, exact if exact * exact == value else exact + Fraction(1, 1 << (scale + 8)), mode)


def floats():
    for kind in FORMATS:
        n = width(kind)
        wide = kind in ("f32", "f64")
        for name, count in (("add", 2), ("sub", 2), ("mul", 2), ("fma", 3), ("div", 2)):
            if name == "div" and not wide:
                continue
            for mode in ("rn", "rz", "rm", "rp") if wide else ("rn",):
                for _ in range(5 if wide else 14):
                    operands = [random_float(kind) for _ in range(count)]
                    if random.random() < 0.3 and count >= 2:
                        operands[-1] = operands[0] ^ (1 << (n - 1)) + random.choice([0, 0, 1])
                    result = arithmetic(kind, name, operands, mode)
                    if result is not None:
                        names = ", ".join(f"a{i}" for i in range(count))
                        row(f"{name}.{mode}.{kind} d0, {names}", [(n, x) for x in operands], [(n, result)])
        if wide:
            for mode in ("rn", "rz", "rm", "rp"):
                for _ in range(3):
                    x = random_float(kind) & ~(1 << (n - 1))
                    value = value_of(kind, x)
                    row(f"sqrt.{mode}.{kind} d0, a0", [(n, x)], [(n, root(value, kind, mode))])
                    if value != 0:
                        row(f"rcp.{mode}.{kind} d0, a0", [(n, x)], [(n, pack(kind, 0, 1 / value, mode))])
    pair = lambda kind: (random_float(kind), random_float(kind))
    for kind in ("f16", "bf16"):
        for name in ("add", "mul", "sub"):
            for _ in range(3):
                (a, b), (c, d) = pair(kind), pair(kind)
                low, high = arithmetic(kind, name, [a, c], "rn"), arithmetic(kind, name, [b, d], "rn")
                if low is not None and high is not None:
                    row(f"{name}.rn.{kind}x2 d0, a0, a1", [(32, b << 16 | a), (32, d << 16 | c)], [(32, high << 16 | low)])
    special()
    comparisons()
    conversions()


def special():
    one, nan, inf, minus, tiny = 0x3F800000, 0x7FC00000, 0x7F800000, 1 << 31, 3
    bits = lambda *values: [(32, v) for v in values]
    table = [
        ("add.f32 d0, a0, a1", (inf, inf | minus), 0x7FFFFFFF), ("mul.f32 d0, a0, a1", (0, inf), 0x7FFFFFFF),
        ("div.rn.f32 d0, a0, a1", (one, 0), inf), ("div.rn.f32 d0, a0, a1", (one, minus), inf | minus),
        ("div.rn.f32 d0, a0, a1", (0, 0), 0x7FFFFFFF), ("div.rn.f32 d0, a0, a1", (one, inf | minus), minus),
        ("sqrt.rn.f32 d0, a0", (minus,), minus), ("sqrt.rn.f32 d0, a0", (one | minus,), 0x7FFFFFFF),
        ("add.ftz.f32 d0, a0, a1", (tiny, 0), 0), ("add.ftz.f32 d0, a0, a1", (tiny | minus, minus), minus),
        ("mul.ftz.f32 d0, a0, a1", (0x00800000, 0x3F000000), 0), ("mul.f32 d0, a0, a1", (0x00800000, 0x3F000000), 0x00400000),
        ("add.sat.f32 d0, a0, a1", (one, one), one), ("add.sat.f32 d0, a0, a1", (one | minus, 0), 0),
        ("add.sat.f32 d0, a0, a1", (nan, 0), 0), ("min.f32 d0, a0, a1", (nan, one), one), ("max.f32 d0, a0, a1", (one, nan), one),
        ("min.NaN.f32 d0, a0, a1", (nan, one), 0x7FFFFFFF), ("min.f32 d0, a0, a1", (nan, nan), 0x7FFFFFFF),
        ("min.f32 d0, a0, a1", (0, minus), minus), ("max.f32 d0, a0, a1", (minus, 0), 0),
        ("min.xorsign.abs.f32 d0, a0, a1", (0x40000000 | minus, one), one | minus),
        ("max.xorsign.abs.f32 d0, a0, a1", (0x40000000 | minus, one | minus), 0x40000000),
        ("abs.f32 d0, a0", (one | minus,), one), ("neg.f32 d0, a0", (0,), minus),
        ("copysign.f32 d0, a0, a1", (minus, one), one | minus), ("min.f32 d0, a0, a1, a2", (one, 0x40000000, minus), minus),
        ("rsqrt.approx.f32 d0, a0", (0x40800000,), 0x3F000000), ("ex2.approx.f32 d0, a0", (0x40400000,), 0x41000000),
        ("lg2.approx.f32 d0, a0", (0x41000000,), 0x40400000), ("sin.approx.f32 d0, a0", (0,), 0),
        ("cos.approx.f32 d0, a0", (0,), one), ("tanh.approx.f32 d0, a0", (0,), 0), ("rcp.approx.f32 d0, a0", (0x40000000,), 0x3F000000),
    ]
    for text, inputs, result in table:
        row(text, bits(*inputs), bits(result))
    row("fma.rn.relu.f16 d0, a0, a1, a2", [(16, 0xBC00), (16, 0x3C00), (16, 0)], [(16, 0)])
    row("max.f16x2 d0, a0, a1", [(32, 0x3C007E00), (32, 0x40003C00)], [(32, 0x40003C00)])
    row("neg.f16x2 d0, a0", [(32, 0x3C00BC00)], [(32, 0xBC003C00)])
    for name, true in (("finite", (0, tiny, one)), ("infinite", (inf,)), ("number", (0, tiny, one, inf)), ("notanumber", (nan,)), ("normal", (one,)), ("subnormal", (tiny,))):
        for value in (0, tiny, one, inf, nan):
            row(f"testp.{name}.f32 d0, a0", bits(value), [(1, value in true)])


def comparisons():
    tests = {"eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "lt": lambda a, b: a < b, "le": lambda a, b: a <= b, "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b}
    same = {"lo": "lt", "ls": "le", "hi": "gt", "hs": "ge"}
    for n in (16, 32, 64):
        for name, test in tests.items():
            for kind in "us":
                x, y = random.choice([(edge(n), edge(n)), (5, 5)])
                a, b = read(x, f"{kind}{n}"), read(y, f"{kind}{n}")
                row(f"setp.{name}.{kind}{n} d0|d1, a0, a1", [(n, x), (n, y)], [(1, test(a, b)), (1, not test(a, b))])
    for name, twin in same.items():
        x, y = edge(32), edge(32)
        row(f"setp.{name}.u32 d0, a0, a1", [(32, x), (32, y)], [(1, tests[twin](x, y))])
    for combine, function in (("and", lambda p, c: p & c), ("or", lambda p, c: p | c), ("xor", lambda p, c: p ^ c)):
        for c in (0, 1):
            row(f"setp.lt.{combine}.s32 d0|d1, a0, a1, a2", [(32, -1), (32, 1), (1, c)], [(1, function(1, c)), (1, function(0, c))])
            row(f"setp.lt.{combine}.s32 d0|d1, a0, a1, !a2", [(32, 1), (32, 1), (1, c)], [(1, function(0, 1 - c)), (1, function(1, 1 - c))])
    values = [0, 1 << 31, 0x3F800000, 0xBF800000, 0x7FC00000, 0x7F800000]
    for _ in range(24):
        name = random.choice(list(tests))
        x, y = random.choice(values), random.choice(values)
        a, b = (struct.unpack("<f", struct.pack("<I", v))[0] for v in (x, y))
        unordered = a != a or b != b
        row(f"setp.{name}.f32 d0, a0, a1", [(32, x), (32, y)], [(1, not unordered and tests[name](a, b))])
        row(f"setp.{name}u.f32 d0, a0, a1", [(32, x), (32, y)], [(1, unordered or tests[name](a, b))])
        row("setp.num.f32 d0, a0, a1", [(32, x), (32, y)], [(1, not unordered)])
        row("setp.nan.f32 d0, a0, a1", [(32, x), (32, y)], [(1, unordered)])
    row("setp.lt.f16x2 d0|d1, a0, a1", [(32, 0x3C004000), (32, 0x40003C00)], [(1, 0), (1, 1)])
    row("setp.gt.bf16 d0, a0, a1", [(16, 0x4000), (16, 0x3F80)], [(1, 1)])
    row("set.lt.u32.s32 d0, a0, a1", [(32, -1), (32, 0)], [(32, 0xFFFFFFFF)])
    row("set.lt.f32.s32 d0, a0, a1", [(32, -1), (32, 0)], [(32, 0x3F800000)])
    row("set.lt.f32.s32 d0, a0, a1", [(32, 0), (32, 0)], [(32, 0)])
    row("set.gt.f16x2.f16x2 d0, a0, a1", [(32, 0x3C004000), (32, 0x40003C00)], [(32, 0x00003C00)])


def conversions():
    kinds = ["u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64"]
    holder = lambda kind: max(16, int(kind[1:]))
    limits = lambda kind: (0, (1 << int(kind[1:])) - 1) if kind[0] == "u" else (-(1 << int(kind[1:]) - 1), (1 << int(kind[1:]) - 1) - 1)
    for source in kinds:
        for target in kinds:
            x = edge(holder(source))
            value = read(x, source)
            register = holder(target)
            row(f"cvt.{target}.{source} d0, a0", [(holder(source), x)], [(register, read(value, target))])
            low, high = limits(target)
            row(f"cvt.sat.{target}.{source} d0, a0", [(holder(source), x)], [(register, clamp(value, low, high))])
        for target in FORMATS:
            for mode in ("rn", "rz", "rm", "rp") if target in ("f32", "f64") else ("rn",):
                x = edge(holder(source))
                value = read(x, source)
                row(f"cvt.{mode}.{target}.{source} d0, a0", [(holder(source), x)], [(width(target), pack(target, int(value < 0), Fraction(abs(value)), mode))])
    for source in FORMATS:
        for target in kinds:
            for mode in ("rn", "rz", "rm", "rp"):
                x = random_float(source)
                negative, magnitude = unpack(source, x)
                whole = nearest_whole(magnitude, mode, negative)
                low, high = limits(target)
                row(f"cvt.{mode}i.{target}.{source} d0, a0", [(width(source), x)], [(holder(target), clamp(-whole if negative else whole, low, high))])
        for target in FORMATS:
            for mode in ("rn", "rz", "rm", "rp"):
                if source == target or FORMATS[target] == (8, 7) and source == "f16" and mode != "rn":
                    continue
                x = random_float(source)
                negative, magnitude = unpack(source, x)
                exact = all(p >= q for p, q in zip(FORMATS[target], FORMATS[source]))
                text = f"cvt.{target}.{source}" if exact else f"cvt.{mode}.{target}.{source}"
                row(f"{text} d0, a0", [(width(source), x)], [(width(target), pack(target, negative, magnitude, mode))])
    for x, y in ((0x3F800001, 0xC0490FDB), (0x477FF000, 0x33000001), (0x7FC00000, 0xFF800000)):
        for kind in ("f16", "bf16"):
            high, low = (pack(kind, *unpack("f32", v), "rn") for v in (x, y))
            row(f"cvt.rn.{kind}x2.f32 d0, a0, a1", [(32, x), (32, y)], [(32, high << 16 | low)])
    nan32, nan64 = 0x7FC00000, 0x7FF8000000000000
    row("cvt.rzi.s32.f32 d0, a0", [(32, nan32)], [(32, 0)])
    row("cvt.rzi.u64.f32 d0, a0", [(32, nan32)], [(64, 1 << 63)])
    row("cvt.rzi.s32.f64 d0, a0", [(64, nan64)], [(32, 1 << 31)])
    row("cvt.rzi.u32.f32 d0, a0", [(32, 0xFF800000)], [(32, 0)])
    row("cvt.rpi.s32.f32 d0, a0", [(32, 1)], [(32, 1)])
    row("cvt.rpi.ftz.s32.f32 d0, a0", [(32, 1)], [(32, 0)])
    row("cvt.rni.f32.f32 d0, a0", [(32, 0x3FC00000)], [(32, 0x40000000)])
    row("cvt.rzi.f32.f32 d0, a0", [(32, 0xBF000000)], [(32, 0x80000000)])
    row("cvt.sat.f32.f32 d0, a0", [(32, 0x40000000)], [(32, 0x3F800000)])
    row("cvt.rn.relu.bf16.f32 d0, a0", [(32, 0xBF800000)], [(16, 0)])
    row("cvt.u32.u8 d0, a0", [(32, 0x1FF)], [(32, 0xFF)])
    row("cvt.s32.s8 d0, a0", [(32, 0x1FF)], [(32, 0xFFFFFFFF)])


integers()
bits()
floats()
with open(sys.argv[1], "w") as file:
    file.write("\n".join(ROWS) + "\n")
