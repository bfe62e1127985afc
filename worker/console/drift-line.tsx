/**
 * How far a stack has been behind upstream's branch, forecast after forecast, as a small line.
 *
 * @module
 */

type DriftLineProps = {
  /** Commits behind, oldest first. */
  behind: readonly number[];
  width?: number;
  height?: number;
};

export function DriftLine({ behind, width = 72, height = 18 }: DriftLineProps) {
  const last = behind.at(-1);
  if (last === undefined || behind.length < 2) return null;
  const most = Math.max(...behind, 1);
  const x = (i: number): number => round(2 + (i * (width - 4)) / (behind.length - 1));
  const y = (value: number): number => round(2 + (1 - value / most) * (height - 4));
  const line = behind.map((value, i) => `${i === 0 ? "M" : "L"}${x(i)} ${y(value)}`).join("");
  const said = `commits behind: ${behind.join(", ")}`;
  return (
    <svg class="line" width={width} height={height} role="img" aria-label={said}>
      <path d={line} />
      <circle cx={x(behind.length - 1)} cy={y(last)} r={2} />
    </svg>
  );
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
