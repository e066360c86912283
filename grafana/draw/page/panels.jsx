// Each kind of panel, drawn by the component of Grafana's that its plugin is made of, or approximated (approximated.jsx).
import {
  getDisplayValueAlignmentFactors,
  getFieldDisplayValues,
  standardTransformers,
  standardTransformersRegistry,
  transformDataFrame,
} from '@grafana/data';
import { BarGauge, BigValue, TimeSeries, VizRepeater } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { useEffect, useState } from 'react';

import { Heatmap, Scatter, StateTimeline } from './approximated.jsx';
import { configured } from './fields.js';
import { framesOf, withGaps } from './frames.js';

// Some stand there twice, under an older name.
const transformers = new Map(Object.values(standardTransformers).map((one) => [one.id, { ...one, transformation: async () => one }]));
standardTransformersRegistry.setInit(() => [...transformers.values()]);

const KINDS = {
  stat: Stats,
  timeseries: Lines,
  bargauge: Bars,
  table: Rows,
  xychart: Scatter,
  heatmap: Heatmap,
  'state-timeline': StateTimeline,
};

export function Visualisation({ panel, answers, ...place }) {
  const frames = framesOf(panel, answers);
  const Kind = KINDS[panel.type];
  const empty = !frames.some((frame) => frame.length);
  if (empty) {
    return <div className="no-data">{panel.fieldConfig.defaults.noValue}</div>;
  }
  return <Kind panel={panel} frames={frames} {...place} />;
}

const asIs = (text) => text;

function displayed({ panel, frames, theme, sparkline }) {
  return getFieldDisplayValues({
    fieldConfig: { defaults: {}, overrides: [] },
    reduceOptions: panel.options.reduceOptions,
    replaceVariables: asIs,
    theme,
    data: configured(panel, frames, theme),
    sparkline,
  });
}

function Stats({ panel, frames, theme, width, height }) {
  const values = displayed({ panel, frames, theme, sparkline: panel.options.graphMode !== 'none' });
  return (
    <VizRepeater
      getValues={() => values}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={({ value, width, height, alignmentFactors, count }) => (
        <BigValue
          value={{ ...value.display, title: count > 1 || panel.options.textMode === 'value_and_name' ? value.display.title : undefined }}
          sparkline={value.sparkline}
          colorMode={panel.options.colorMode}
          graphMode={panel.options.graphMode}
          justifyMode={panel.options.justifyMode}
          textMode={panel.options.textMode}
          alignmentFactors={alignmentFactors}
          disableWideLayout={!panel.options.wideLayout}
          theme={theme}
          width={width}
          height={height}
          count={count}
        />
      )}
      source={frames}
      width={width}
      height={height}
      orientation="auto"
      renderCounter={0}
    />
  );
}

function Bars({ panel, frames, theme, width, height }) {
  const { options } = panel;
  const values = displayed({ panel, frames, theme });
  return (
    <VizRepeater
      getValues={() => values}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={({ value, width, height, alignmentFactors }) => (
        <BarGauge
          value={value.display}
          field={{ ...value.field, ...range(values, value.field) }}
          display={value.view?.getFieldDisplayProcessor(value.colIndex)}
          width={width}
          height={height}
          orientation={options.orientation}
          displayMode={options.displayMode}
          showUnfilled={options.showUnfilled}
          valueDisplayMode={options.valueMode}
          namePlacement={options.namePlacement}
          alignmentFactors={alignmentFactors}
          theme={theme}
          itemSpacing={8}
        />
      )}
      source={frames}
      width={width}
      height={height}
      orientation={options.orientation}
      minVizHeight={options.minVizHeight}
      maxVizHeight={options.maxVizHeight}
      minVizWidth={options.minVizWidth}
      itemSpacing={8}
      renderCounter={0}
    />
  );
}

function range(values, field) {
  const all = values.map(({ display }) => display.numeric).filter(Number.isFinite);
  return { min: field.min ?? Math.min(...all), max: field.max ?? Math.max(...all) };
}

function Lines({ panel, frames, theme, width, height, timeRange, step }) {
  const data = configured(panel, withGaps(frames, step), theme);
  return (
    <TimeSeries
      frames={data}
      timeRange={timeRange}
      timeZone="utc"
      legend={panel.options.legend}
      options={panel.options}
      width={width}
      height={height}
    />
  );
}

function Rows({ panel, frames, theme, width, height }) {
  const [data, setData] = useState(null);
  useEffect(() => {
    const subscription = transformDataFrame(panel.transformations, frames).subscribe((made) => {
      const shown = made.map((frame) => ({
        ...frame,
        fields: frame.fields.map((field) => ({ ...field, config: { ...field.config }, state: undefined })),
      }));
      setData(configured(panel, shown, theme)[0]);
    });
    return () => subscription.unsubscribe();
  }, []);
  if (!data) {
    return null;
  }
  const { cellHeight, sortBy } = panel.options;
  return (
    <TableNG data={data} width={width} height={height} cellHeight={cellHeight} sortBy={sortBy} />
  );
}
