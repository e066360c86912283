// Panels whose plugins are not published as components: drawn here by hand, in Grafana's colours and number formats.
import { getValueFormat, formattedValueToString } from '@grafana/data';

import { configured } from './fields.js';

const MARGIN = { left: 62, right: 10, top: 8, bottom: 34 };

function ticks(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
  const first = Math.ceil(low / step) * step;
  return Array.from({ length: Math.floor((high - first) / step + 1e-9) + 1 }, (_, place) => first + place * step);
}

const clock = (ms) => new Date(ms).toISOString().slice(11, 16);

function Plot({ theme, width, height, x, y, xLabel, yLabel, left = MARGIN.left, children }) {
  const inner = { left, top: MARGIN.top, right: width - MARGIN.right, bottom: height - MARGIN.bottom };
  const atX = (value) => inner.left + ((value - x.low) / (x.high - x.low)) * (inner.right - inner.left);
  const atY = (value) => inner.bottom - ((value - y.low) / (y.high - y.low)) * (inner.bottom - inner.top);
  const grid = theme.colors.border.weak;
  return (
    <svg width={width} height={height} style={{ font: '12px Inter, sans-serif' }} fill={theme.colors.text.primary}>
      {x.ticks.map(({ value, text }) => (
        <g key={`x${value}`}>
          <line x1={atX(value)} x2={atX(value)} y1={inner.top} y2={inner.bottom} stroke={grid} />
          <text x={atX(value)} y={inner.bottom + 15} textAnchor="middle">{text}</text>
        </g>
      ))}
      {y.ticks.map(({ value, text }) => (
        <g key={`y${value}`}>
          <line x1={inner.left} x2={inner.right} y1={atY(value)} y2={atY(value)} stroke={grid} />
          <text x={inner.left - 6} y={atY(value) + 4} textAnchor="end">{text}</text>
        </g>
      ))}
      {xLabel && <text x={(inner.left + inner.right) / 2} y={height - 4} textAnchor="middle">{xLabel}</text>}
      {yLabel && (
        <text transform={`translate(12,${(inner.top + inner.bottom) / 2}) rotate(-90)`} textAnchor="middle">{yLabel}</text>
      )}
      {children(atX, atY, inner)}
    </svg>
  );
}

const written = (field) => (value) => {
  const { text, suffix = '', prefix = '' } = field.display(value);
  return prefix + text + suffix;
};

function axis(field, values, count) {
  const low = field.config.min ?? Math.min(...values);
  const high = field.config.max ?? Math.max(...values);
  const room = (high - low) * 0.06 || 1;
  const from = field.config.min ?? low - room;
  const to = field.config.max ?? high + room;
  return { low: from, high: to, ticks: ticks(from, to, count).map((value) => ({ value, text: written(field)(value) })) };
}

export function Scatter({ panel, frames, theme, width, height }) {
  const [x, y, equal] = configured(panel, frames, theme).map((frame) => frame.fields);
  const other = new Map(y[0].values.map((at, place) => [at, y[1].values[place]]));
  const points = x[0].values.map((at, place) => [x[1].values[place], other.get(at)]).filter((pair) => pair.every(Number.isFinite));
  const colour = theme.visualization.getColorByName(y[1].config.color?.fixedColor ?? 'blue');
  const [xs, ys] = [points.map(([value]) => value), points.map(([, value]) => value)];
  return (
    <Plot theme={theme} width={width} height={height} left={80} x={axis(x[1], xs, 5)} y={axis(y[1], ys, 5)}
      xLabel={x[1].config.custom.axisLabel} yLabel={y[1].config.custom.axisLabel}>
      {(atX, atY) => (
        <>
          {equal && (
            <line x1={atX(Math.min(...xs))} y1={atY(Math.min(...xs))} x2={atX(Math.max(...xs))} y2={atY(Math.max(...xs))}
              stroke={equal[1].config.color.fixedColor} />
          )}
          {points.map(([a, b], place) => (
            <circle key={place} cx={atX(a)} cy={atY(b)} r="2.5" fill={colour} fillOpacity="0.35" stroke={colour} />
          ))}
        </>
      )}
    </Plot>
  );
}

function timeAxis(timeRange) {
  const [low, high] = [timeRange.from.valueOf(), timeRange.to.valueOf()];
  const minute = 60_000;
  const step = [5, 10, 15, 30, 60, 120, 180, 240].map((n) => n * minute).find((n) => (high - low) / n <= 8) ?? 360 * minute;
  const first = Math.ceil(low / step) * step;
  const count = Math.floor((high - first) / step) + 1;
  return { low, high, ticks: Array.from({ length: count }, (_, i) => ({ value: first + i * step, text: clock(first + i * step) })) };
}

const ORANGES = ['#2b1a0a', '#7f2704', '#a63603', '#d94801', '#f16913', '#fd8d3c', '#fdae6b', '#fdd0a2', '#fff5eb'];

/** Cumulative buckets are told apart, as the data source does for its format "heatmap". */
export function Heatmap({ panel, frames, theme, width, height, timeRange, step }) {
  const bound = (frame) => (frame.fields[1].labels.le === '+Inf' ? Infinity : Number(frame.fields[1].labels.le));
  const rows = [...frames].sort((a, b) => bound(a) - bound(b));
  const seen = rows.map((frame) => new Map(frame.fields[0].values.map((at, place) => [at, frame.fields[1].values[place]])));
  const cells = rows.flatMap((frame, row) =>
    [...seen[row]].map(([at, count]) => ({ at, row, count: count - (row ? seen[row - 1].get(at) ?? 0 : 0) }))
  ).filter(({ count }) => count > 1e-9);
  const used = cells.map(({ row }) => row);
  const [low, high] = [Math.max(0, Math.min(...used) - 1), Math.min(rows.length - 1, Math.max(...used) + 1)];
  const most = Math.max(...cells.map(({ count }) => count));
  const format = getValueFormat(panel.options.yAxis.unit);
  const text = (row) => (Number.isFinite(bound(rows[row])) ? formattedValueToString(format(bound(rows[row]), 0)) : '∞');
  const lanes = Array.from({ length: high - low + 1 }, (_, place) => low + place);
  const y = { low: low - 0.5, high: high + 0.5, ticks: lanes.filter((row) => (row - low) % 2 === 0).map((row) => ({ value: row, text: text(row) })) };
  return (
    <Plot theme={theme} width={width} height={height} left={70} x={timeAxis(timeRange)} y={y}>
      {(atX, atY, inner) => cells.map(({ at, row, count }) => {
        const left = Math.max(inner.left, atX(at - step * 1000));
        const shade = ORANGES[Math.min(8, 1 + Math.floor((count / most) ** 0.5 * 7.99))];
        return <rect key={`${at} ${row}`} x={left} width={Math.max(1, Math.min(atX(at), inner.right) - left - 1)} y={atY(row + 0.5)} height={atY(row - 0.5) - atY(row + 0.5) - 1} fill={shade} />;
      })}
    </Plot>
  );
}

export function StateTimeline({ panel, frames, theme, width, height, timeRange, step }) {
  const states = panel.fieldConfig.defaults.mappings[0].options;
  const lane = (place) => frames.length - 1 - place;
  const y = {
    low: -0.5,
    high: frames.length - 0.5,
    ticks: frames.map((frame, place) => ({ value: lane(place), text: frame.fields[1].config.displayNameFromDS })),
  };
  return (
    <div>
      <Plot theme={theme} width={width} height={height - 22} left={135} x={timeAxis(timeRange)} y={y}>
        {(atX, atY, inner) => frames.flatMap((frame, place) =>
          frame.fields[0].values.map((at, index) => {
            const state = states[String(frame.fields[1].values[index])];
            const left = Math.max(inner.left, atX(at));
            const right = Math.min(inner.right, atX(at + step * 1000));
            return right > left && (
              <rect key={`${place} ${at}`} x={left} width={right - left + 0.5} y={atY(lane(place) + 0.4)}
                height={atY(lane(place) - 0.4) - atY(lane(place) + 0.4)} fill={state?.color} fillOpacity="0.75" />
            );
          })
        )}
      </Plot>
      <div className="legend">
        {Object.values(states).map(({ text, color }) => (
          <span key={text}><i style={{ background: color }} />{text}</span>
        ))}
      </div>
    </div>
  );
}
