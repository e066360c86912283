// From answers of Prometheus to Grafana's data frames, as its Prometheus data source makes them.
import { FieldType, createDataFrame } from '@grafana/data';

const number = (text) => (text === 'NaN' ? null : Number(text));

/** A frame for each series, or one table for each query. */
export function framesOf(panel, answers) {
  const tables = panel.targets.filter((target) => target.format === 'table').length;
  return panel.targets.flatMap((target) => {
    const series = answers[target.refId];
    if (target.format === 'table') {
      return series.length ? [table(target, series, tables > 1)] : [];
    }
    return series.map((one) => line(target, one));
  });
}

function line(target, series) {
  const points = series.values ?? [series.value];
  const name = called(target.legendFormat, series.metric);
  return createDataFrame({
    refId: target.refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: points.map(([seconds]) => seconds * 1000) },
      {
        name: 'Value',
        type: FieldType.number,
        labels: series.metric,
        values: points.map(([, text]) => number(text)),
        config: { displayNameFromDS: name },
      },
    ],
  });
}

function called(legend, labels) {
  if (!legend || legend === '__auto') {
    const pairs = Object.entries(labels).filter(([label]) => label !== '__name__');
    return pairs.length ? `{${pairs.map(([label, value]) => `${label}="${value}"`).join(', ')}}` : 'Value';
  }
  return legend.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => labels[label] ?? '').trim();
}

function table(target, series, several) {
  const labels = [...new Set(series.flatMap((one) => Object.keys(one.metric)))].filter((label) => label !== '__name__');
  return createDataFrame({
    refId: target.refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: series.map((one) => one.value[0] * 1000) },
      ...labels.map((label) => ({
        name: label,
        type: FieldType.string,
        values: series.map((one) => one.metric[label] ?? ''),
      })),
      {
        name: several ? `Value #${target.refId}` : 'Value',
        type: FieldType.number,
        values: series.map((one) => number(one.value[1])),
      },
    ],
  });
}

/** A clock signal with nulls where nothing was observed, so that a gap is drawn as a gap. */
export function withGaps(frames, step) {
  return frames.map((frame) => {
    const [time, value] = frame.fields;
    const times = [];
    const values = [];
    time.values.forEach((at, place) => {
      const before = time.values[place - 1];
      if (place && at - before > 1.5 * step * 1000) {
        times.push(before + step * 1000);
        values.push(null);
      }
      times.push(at);
      values.push(value.values[place]);
    });
    return { ...frame, length: times.length, fields: [{ ...time, values: times }, { ...value, values }] };
  });
}
