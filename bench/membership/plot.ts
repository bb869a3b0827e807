/** One plot as SVG: a series of bars over time, with axes that a reader can read. */

export type Plot = {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** Values from the left to the right, each for a step of `xStep` from `xFirst` on. */
  readonly values: readonly number[];
  readonly xFirst: number;
  readonly xStep: number;
  /** A vertical line, and what happened there. */
  readonly event: { readonly x: number; readonly text: string };
};

const WIDTH = 720;
const HEIGHT = 300;
const LEFT = 60;
const RIGHT = 20;
const TOP = 40;
const BOTTOM = 50;
const TICKS = 5;

export function svgOf(plot: Plot): string {
  const { values, xFirst, xStep } = plot;
  const top = niceAbove(Math.max(1, ...values));
  const xLast = xFirst + values.length * xStep;
  const xOf = (x: number): number => LEFT + ((x - xFirst) / (xLast - xFirst)) * (WIDTH - LEFT - RIGHT);
  const yOf = (y: number): number => HEIGHT - BOTTOM - (y / top) * (HEIGHT - TOP - BOTTOM);
  const bars = values.flatMap((value, i) => {
    if (value === 0) return [];
    const x = xOf(xFirst + i * xStep);
    const width = Math.max(1, xOf(xFirst + (i + 1) * xStep) - x - 1);
    const [left, above] = [x.toFixed(1), yOf(value).toFixed(1)];
    return [
      `<rect x="${left}" y="${above}" width="${width.toFixed(1)}" height="${(yOf(0) - yOf(value)).toFixed(1)}" fill="#2563a8"/>`,
    ];
  });
  const steps = Array.from({ length: TICKS + 1 }, (_, i) => i / TICKS);
  const yTicks = steps.map((part) => {
    const y = yOf(part * top).toFixed(1);
    return `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}" stroke="#ddd"/>${text(LEFT - 8, Number(y) + 4, "end", rounded(part * top))}`;
  });
  const xTicks = steps.map((part) => {
    const x = xFirst + part * (xLast - xFirst);
    return text(xOf(x), HEIGHT - BOTTOM + 18, "middle", rounded(x));
  });
  const eventX = xOf(plot.event.x).toFixed(1);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`,
    text(LEFT, 20, "start", plot.title),
    ...yTicks,
    ...bars,
    `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${yOf(0)}" y2="${yOf(0)}" stroke="#333"/>`,
    `<line x1="${eventX}" x2="${eventX}" y1="${TOP}" y2="${yOf(0)}" stroke="#b3261e" stroke-dasharray="4 3"/>`,
    text(Number(eventX) - 6, TOP + 10, "end", plot.event.text),
    ...xTicks,
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, "middle", plot.xLabel),
    `<text x="16" y="${(TOP + HEIGHT - BOTTOM) / 2}" text-anchor="middle" fill="#222" transform="rotate(-90 16 ${(TOP + HEIGHT - BOTTOM) / 2})">${plot.yLabel}</text>`,
    "</svg>",
    "",
  ].join("\n");
}

function text(x: number, y: number, anchor: "start" | "middle" | "end", content: string): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="#222">${content}</text>`;
}

function rounded(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** The next of 1, 2, 5, 10, 20, 50, … */
function niceAbove(value: number): number {
  let power = 1;
  for (;;) {
    for (const step of [1, 2, 5]) if (step * power >= value) return step * power;
    power *= 10;
  }
}
