#!/usr/bin/env python3
"""Draws docs/images/pool-scaling.svg from what the program pool_scaling writes (standard library only):

    cmake --preset release && cmake --build --preset release --target pool_scaling
    build/release/benchmarks/pool_scaling | python3 docs/images/pool_scaling.py > docs/images/pool-scaling.svg
"""
import csv
import sys

WIDTH, PANEL, LEFT, RIGHT, TOP, PLOT = 900, 190, 70, 60, 34, 120
LAG, CONSUMERS, FRAME, TEXT = "#c2410c", "#1d4ed8", "#9ca3af", "#111827"


def read(lines):
    scenarios = {}
    for row in csv.DictReader(lines):
        scenarios.setdefault(row["scenario"], []).append((int(row["seconds"]), int(row["lag"]), int(row["consumers"])))
    return scenarios


def ceiling(value):
    """The next round number from which an axis of three ticks can be made."""
    step = 1
    while True:
        for factor in (2, 4, 6, 8, 10):
            if factor * step >= value:
                return factor * step
        step *= 10


def number(value):
    return f"{value:,}".replace(",", " ")


def clock(seconds, longest):
    if longest >= 7200:
        return f"{seconds / 3600:g} h"
    return f"{seconds / 60:g} min" if longest > 600 else f"{seconds} s"


def path(points, steps):
    parts, before = [], None
    for x, y in points:
        if before is None:
            parts.append(f"M{x:.1f} {y:.1f}")
        elif steps:
            if y != before:
                parts.append(f"H{x:.1f}V{y:.1f}")
        else:
            parts.append(f"L{x:.1f} {y:.1f}")
        before = y
    if steps:
        parts.append(f"H{points[-1][0]:.1f}")
    return "".join(parts)


def thinned(rows, most=600):
    """The highest lag of each stretch, so that a day still fits into the picture."""
    size = max(1, len(rows) // most)
    return [max(rows[index:index + size], key=lambda row: row[1]) for index in range(0, len(rows), size)]


def panel(title, rows, top):
    longest = 2 * rows[-1][0] - rows[-2][0]  # each row stands for the time until the next
    ticks = next(count for count in (6, 5, 4, 1) if longest % (60 * count if longest > 600 else count) == 0)
    lag_top, count_top = ceiling(max(row[1] for row in rows)), ceiling(max(row[2] for row in rows))
    width, bottom = WIDTH - LEFT - RIGHT, top + TOP + PLOT

    def place(seconds, value, highest):
        return LEFT + width * seconds / longest, bottom - PLOT * value / highest

    out = [f'<text x="{LEFT}" y="{top + 22}" font-weight="bold">{title}</text>',
           f'<path d="M{LEFT} {bottom - PLOT}V{bottom}H{LEFT + width}V{bottom - PLOT}" fill="none" stroke="{FRAME}"/>']
    for share in (0, 0.5, 1):
        y = bottom - PLOT * share
        out.append(f'<path d="M{LEFT} {y}H{LEFT + width}" stroke="{FRAME}" stroke-opacity="0.4"/>')
        out.append(f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end" fill="{LAG}">{number(round(lag_top * share))}</text>')
        out.append(f'<text x="{LEFT + width + 6}" y="{y + 4}" fill="{CONSUMERS}">{number(round(count_top * share))}</text>')
    for tick in range(ticks + 1):
        seconds = longest * tick / ticks
        x = LEFT + width * tick / ticks
        out.append(f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{clock(round(seconds), longest)}</text>')
    lag = path([place(row[0], row[1], lag_top) for row in thinned(rows)], steps=False)
    out.append(f'<path d="{lag}" fill="none" stroke="{LAG}" stroke-width="1.3"/>')
    count = path([place(row[0], row[2], count_top) for row in rows], steps=True)
    out.append(f'<path d="{count}" fill="none" stroke="{CONSUMERS}" stroke-width="1.8"/>')
    return out


def main():
    scenarios = read(sys.stdin)
    height = 34 + PANEL * len(scenarios)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
           f'font-family="sans-serif" font-size="11" fill="{TEXT}">',
           f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
           f'<text x="{LEFT}" y="22" fill="{LAG}">lag, messages (left)</text>',
           f'<text x="{LEFT + 150}" y="22" fill="{CONSUMERS}">consumers asked for (right)</text>']
    for index, (title, rows) in enumerate(scenarios.items()):
        out += panel(title, rows, 24 + PANEL * index)
    out.append("</svg>")
    print("\n".join(out))


main()
