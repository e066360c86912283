"""What is chosen at the top of a dashboard: a data source, clusters, nodes, jobs."""

from grafana_foundation_sdk.builders.dashboard import DatasourceVariable, QueryVariable
from grafana_foundation_sdk.models.dashboard import VariableHide, VariableOption, VariableRefresh, VariableSort

from grafana.panel import DATASOURCE

Variable = DatasourceVariable | QueryVariable


def data_source() -> Variable:
    """Any Prometheus, or what speaks its language."""
    return DatasourceVariable("datasource").label("Data source").type("prometheus")


def cluster() -> Variable:
    """Clusters, where series have that label; where not, All."""
    return _every(_query("cluster", "Cluster", "label_values(joulecast_build_info, cluster)"), ".*")


def nodes() -> Variable:
    """Any number of nodes, by the name Prometheus scrapes them under."""
    return _every(_query("node", "Node", 'label_values(joulecast_build_info{cluster=~"$cluster"}, instance)'), ".+")


def one_node() -> Variable:
    """Exactly one node."""
    return _query("node", "Node", 'label_values(joulecast_build_info{cluster=~"$cluster"}, instance)')


def job_label() -> Variable:
    """The label Prometheus keeps a workload's job under: `job` where its scrape honours labels, else `exported_job`."""
    found = 'group(last_over_time(joulecast_intervals_total{exported_job!=""}[$__range]))'
    exported = f'label_replace({found}, "is", "exported_job", "", "")'
    otherwise = f'label_replace(vector(1), "is", "job", "", "") unless on () {found}'
    return (
        _query("job_label", "Label of jobs", f"query_result({exported} or {otherwise})")
        .regex('/is="([^"]+)"/')
        .hide(VariableHide.HIDE_VARIABLE)
    )


def jobs() -> Variable:
    """Any number of jobs that ended an interval on these nodes in this range."""
    ended = 'last_over_time(joulecast_intervals_total{cluster=~"$cluster",instance=~"$node"}[$__range])'
    named = f'count by (job) (label_replace({ended}, "job", "$1", "$job_label", "(.*)"))'
    return _every(_query("job", "Job", f"query_result({named})").regex('/job="([^"]+)"/'), ".+")


def _query(name: str, label: str, query: str) -> QueryVariable:
    return (
        QueryVariable(name)
        .label(label)
        .datasource(DATASOURCE)
        .query(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_CASE_INSENSITIVE_ASC)
    )


def _every(variable: QueryVariable, all_value: str) -> QueryVariable:
    every = VariableOption(selected=True, text=["All"], value=["$__all"])
    return variable.multi(multi=True).include_all(include_all=True).all_value(all_value).current(every)
