"""Pictures of the dashboards, drawn by Grafana's published components in a headless browser, without a Grafana server.

`page/` is the page: `panels.jsx` hands answers to the components that Grafana's own panels are made of, and
`approximated.jsx` draws by hand what nobody publishes: scatter, heatmap, state timeline.
"""
