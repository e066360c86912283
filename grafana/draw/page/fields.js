// Defaults and overrides of a panel applied to the fields of its frames, and the numbers' way of being written.
import { FieldType, cacheFieldDisplayNames, getDisplayProcessor, getFieldDisplayName } from '@grafana/data';

export function configured(panel, frames, theme) {
  const { defaults, overrides } = panel.fieldConfig;
  let seriesIndex = 0;
  const numeric = frames.flatMap((frame) => frame.fields.filter(({ type }) => type === FieldType.number));
  const all = numeric.flatMap(({ values }) => values.filter(Number.isFinite));
  const done = frames.map((frame) => ({
    ...frame,
    fields: frame.fields.map((field) => {
      const own = { ...field, state: {} };
      if (field.type === FieldType.time) {
        return { ...own, display: getDisplayProcessor({ field: own, theme }) };
      }
      const name = getFieldDisplayName(field, frame, frames);
      const text = field.type === FieldType.string;
      // Words, units and colours of numbers are not for labels.
      const config = text ? { ...field.config, custom: { ...defaults.custom } } : { ...structuredClone(defaults), ...field.config };
      config.thresholds = config.thresholds && whole(config.thresholds);
      for (const { matcher, properties } of overrides ?? []) {
        const matches =
          matcher.id === 'byName' ? matcher.options === name : new RegExp(matcher.options).test(name);
        if (matches) {
          properties.forEach(({ id, value }) => put(config, id.split('.'), value));
        }
      }
      const state = text ? {} : { seriesIndex: seriesIndex++, range: rangeOf(all, config) };
      const made = { ...own, config, state };
      return { ...made, display: getDisplayProcessor({ field: made, theme }) };
    }),
  }));
  cacheFieldDisplayNames(done);
  return done;
}

function rangeOf(numbers, config) {
  const min = config.min ?? numbers.reduce((a, b) => Math.min(a, b), Infinity);
  const max = config.max ?? numbers.reduce((a, b) => Math.max(a, b), -Infinity);
  return numbers.length ? { min, max, delta: max - min } : { min: 0, max: 1, delta: 1 };
}

const whole = (thresholds) => ({
  ...thresholds,
  steps: thresholds.steps.map((step) => ({ ...step, value: step.value ?? -Infinity })),
});

function put(config, [first, ...rest], value) {
  if (!rest.length) {
    config[first] = value;
    return;
  }
  config[first] = { ...config[first] };
  put(config[first], rest, value);
}
