// One dashboard as it stands in Grafana: its grid, headings and panels, on answers that were asked beforehand.
import { createTheme, dateTime } from '@grafana/data';
import { GlobalStyles, PanelChrome } from '@grafana/ui';
import { createRoot } from 'react-dom/client';

import { Visualisation } from './panels.jsx';

const { dashboard, answers, steps, choices, begin, end, width } = window.asked;
const theme = createTheme({ colors: { mode: 'dark' } });
const CELL = 30;
const GAP = 8;
const timeRange = { from: dateTime(begin * 1000), to: dateTime(end * 1000), raw: { from: dateTime(begin * 1000), to: dateTime(end * 1000) } };

// Collapsed rows are drawn open, so that a picture shows everything: what is below moves down.
function opened(panels) {
  let moved = 0;
  return panels.flatMap((panel) => {
    const at = { ...panel, gridPos: { ...panel.gridPos, y: panel.gridPos.y + moved } };
    if (panel.type !== 'row' || !panel.panels?.length) {
      return [at];
    }
    const inside = panel.panels.map((one) => ({ ...one, gridPos: { ...one.gridPos, y: one.gridPos.y + moved } }));
    const bottom = Math.max(...inside.map(({ gridPos }) => gridPos.y + gridPos.h));
    moved += bottom - at.gridPos.y - 1;
    return [at, ...inside];
  });
}

function box({ x, y, w, h }) {
  const column = (width - GAP) / 24;
  return { left: GAP + x * column, top: y * (CELL + GAP), width: w * column - GAP, height: h * (CELL + GAP) - GAP };
}

function Panel({ panel }) {
  const { left, top, width, height } = box(panel.gridPos);
  const style = { position: 'absolute', left, top };
  if (panel.type === 'row') {
    return <div className="heading" style={{ ...style, width, height }}>▾ {panel.title}</div>;
  }
  return (
    <div style={style}>
      <PanelChrome title={panel.title} width={width} height={height}>
        {(innerWidth, innerHeight) => (
          <Visualisation panel={panel} answers={answers[panel.id]} theme={theme} timeRange={timeRange}
            width={innerWidth} height={innerHeight} step={steps[panel.id]} />
        )}
      </PanelChrome>
    </div>
  );
}

function Head() {
  const shown = dashboard.templating.list.filter(({ hide }) => hide !== 2);
  return (
    <header>
      <h1>{dashboard.title}</h1>
      <nav>
        {shown.map(({ name, label, includeAll }) => (
          <span key={name}><b>{label}</b><em>{name === 'datasource' ? 'Prometheus' : includeAll ? 'All' : choices[name]}</em></span>
        ))}
      </nav>
    </header>
  );
}

const panels = opened(dashboard.panels);
const height = Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h)) * (CELL + GAP);
// Tables are transformed, and plots drawn, in turns of their own.
setTimeout(() => document.body.setAttribute('data-settled', ''), 2500);
createRoot(document.getElementById('page')).render(
  <>
    <GlobalStyles />
    <Head />
    <main style={{ position: 'relative', height }}>
      {panels.map((panel) => <Panel key={panel.id} panel={panel} />)}
    </main>
  </>
);
