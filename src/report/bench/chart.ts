import type { BenchResult, SubjectResult } from "../../replay/bench/result.ts";
import type { Measured } from "../../replay/bench/measure.ts";
import { figure, percentile, roundsOf } from "./figures.ts";
import { machineLines } from "./text.ts";

/** Everything in pixels. */
const WIDTH = 980;
const LABEL = 250;
const RIGHT = 110;
const ROW = 22;
const BAR = 12;
const HEAD = 50;
const GAP = 22;
const TOP = 92;

/** Colours of the first words of a name; they differ in lightness, too. */
const COLOURS: readonly (readonly [start: string, colour: string])[] = [
  ["memory-touch", "#9aa5b1"],
  ["fast path", "#1f6feb"],
  ["reference", "#e08e0b"],
  ["capstone", "#8250df"],
  ["iced", "#2f9e6e"],
];
const OTHER = "#57606a";

/** Decades of nanoseconds. */
interface Scale {
  readonly from: number;
  readonly to: number;
}

/** A chart of all times as one SVG file that needs nothing else: a bar is the median of the rounds, a line goes from p50 to p99.9 of the batches. */
export function benchChart({ machine, rounds, subjects }: BenchResult): string {
  const all = subjects.flatMap(({ measured }) => measured).flatMap((each) => [roundsOf(each).median, percentile(each.batches, 99.9), percentile(each.batches, 50)]);
  const scale = { from: Math.floor(Math.log10(Math.min(...all))), to: Math.ceil(Math.log10(Math.max(...all))) };
  let y = TOP;
  const panels = subjects.map((subject) => {
    const drawn = panel(subject, scale, y);
    y += HEAD + ROW * subject.measured.length + GAP;
    return drawn;
  });
  const height = y + 10;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="#24292f">
<title>trapline bench: nanoseconds a fault</title>
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
${text(20, 30, "Nanoseconds a fault", 'font-size="19" font-weight="600"')}
${text(20, 52, `Bar: median of ${rounds} rounds. Line: p50 to p99.9 of batches. The scale is logarithmic: a gridline is ten times the one before.`, 'fill="#57606a"')}
${text(20, 70, machineLines(machine)[0]!, 'fill="#57606a" font-size="11"')}
${panels.join("\n")}
</svg>
`;
}

function panel({ architecture, name, order, faults, measured }: SubjectResult, scale: Scale, top: number): string {
  const parts = [text(20, top + 14, `${architecture}, ${name}, ${order}: ${figure(faults)} faults`, 'font-size="14" font-weight="600"')];
  const bottom = top + HEAD + ROW * measured.length;
  for (let decade = scale.from; decade <= scale.to; decade++) {
    const x = place(10 ** decade, scale);
    parts.push(`<line x1="${x}" y1="${top + HEAD - 8}" x2="${x}" y2="${bottom}" stroke="#e4e8ec"/>`);
    parts.push(text(x, top + HEAD - 12, unit(decade), 'fill="#8c959f" font-size="10" text-anchor="middle"'));
  }
  parts.push(text(WIDTH - 20, top + HEAD - 12, "median, ns", 'fill="#57606a" font-size="10" text-anchor="end"'));
  measured.forEach((each, index) => parts.push(row(each, scale, top + HEAD + ROW * index)));
  return parts.join("\n");
}

function row(measured: Measured, scale: Scale, top: number): string {
  const { median } = roundsOf(measured);
  const colour = COLOURS.find(([start]) => measured.name.startsWith(start))?.[1] ?? OTHER;
  const middle = top + ROW / 2;
  const [low, high] = [50, 99.9].map((percent) => place(percentile(measured.batches, percent), scale)) as [number, number];
  return [
    text(LABEL - 10, middle + 4, measured.name, 'text-anchor="end"'),
    `<rect x="${LABEL}" y="${middle - BAR / 2}" width="${round(place(median, scale) - LABEL)}" height="${BAR}" rx="2" fill="${colour}"/>`,
    `<line x1="${low}" y1="${middle}" x2="${high}" y2="${middle}" stroke="#24292f" stroke-width="1.5"/>`,
    `<line x1="${high}" y1="${middle - 4}" x2="${high}" y2="${middle + 4}" stroke="#24292f" stroke-width="1.5"/>`,
    text(WIDTH - 20, middle + 4, figure(median), 'font-weight="600" text-anchor="end"'),
  ].join("\n");
}

function place(value: number, { from, to }: Scale): number {
  const share = (Math.log10(value) - from) / (to - from);
  return round(LABEL + share * (WIDTH - LABEL - RIGHT));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function unit(decade: number): string {
  return decade < 3 ? `${10 ** decade} ns` : decade < 6 ? `${10 ** (decade - 3)} µs` : `${10 ** (decade - 6)} ms`;
}

function text(x: number, y: number, content: string, attributes = ""): string {
  return `<text x="${x}" y="${y}" ${attributes}>${escape(content)}</text>`;
}

function escape(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
