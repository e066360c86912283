from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Component(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    COMPONENT_UNSPECIFIED: _ClassVar[Component]
    COMPONENT_CPU: _ClassVar[Component]
    COMPONENT_DRAM: _ClassVar[Component]
    COMPONENT_GPU: _ClassVar[Component]
    COMPONENT_PLATFORM: _ClassVar[Component]

class Provenance(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PROVENANCE_UNSPECIFIED: _ClassVar[Provenance]
    PROVENANCE_MEASURED: _ClassVar[Provenance]
    PROVENANCE_INTEGRATED: _ClassVar[Provenance]
    PROVENANCE_MODELLED: _ClassVar[Provenance]
    PROVENANCE_PREDICTED: _ClassVar[Provenance]

class IntervalStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INTERVAL_STATUS_UNSPECIFIED: _ClassVar[IntervalStatus]
    INTERVAL_STATUS_OPEN: _ClassVar[IntervalStatus]
    INTERVAL_STATUS_SETTLING: _ClassVar[IntervalStatus]
    INTERVAL_STATUS_FINISHED: _ClassVar[IntervalStatus]
    INTERVAL_STATUS_TRUNCATED: _ClassVar[IntervalStatus]
COMPONENT_UNSPECIFIED: Component
COMPONENT_CPU: Component
COMPONENT_DRAM: Component
COMPONENT_GPU: Component
COMPONENT_PLATFORM: Component
PROVENANCE_UNSPECIFIED: Provenance
PROVENANCE_MEASURED: Provenance
PROVENANCE_INTEGRATED: Provenance
PROVENANCE_MODELLED: Provenance
PROVENANCE_PREDICTED: Provenance
INTERVAL_STATUS_UNSPECIFIED: IntervalStatus
INTERVAL_STATUS_OPEN: IntervalStatus
INTERVAL_STATUS_SETTLING: IntervalStatus
INTERVAL_STATUS_FINISHED: IntervalStatus
INTERVAL_STATUS_TRUNCATED: IntervalStatus

class Instant(_message.Message):
    __slots__ = ("wall", "monotonic_ns", "boot_id")
    WALL_FIELD_NUMBER: _ClassVar[int]
    MONOTONIC_NS_FIELD_NUMBER: _ClassVar[int]
    BOOT_ID_FIELD_NUMBER: _ClassVar[int]
    wall: _timestamp_pb2.Timestamp
    monotonic_ns: int
    boot_id: str
    def __init__(self, wall: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., monotonic_ns: _Optional[int] = ..., boot_id: _Optional[str] = ...) -> None: ...

class GpuSelection(_message.Message):
    __slots__ = ("gpus",)
    GPUS_FIELD_NUMBER: _ClassVar[int]
    gpus: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, gpus: _Optional[_Iterable[str]] = ...) -> None: ...

class Caller(_message.Message):
    __slots__ = ("cgroups", "boot_id")
    CGROUPS_FIELD_NUMBER: _ClassVar[int]
    BOOT_ID_FIELD_NUMBER: _ClassVar[int]
    cgroups: _containers.RepeatedCompositeFieldContainer[CallerCgroup]
    boot_id: str
    def __init__(self, cgroups: _Optional[_Iterable[_Union[CallerCgroup, _Mapping]]] = ..., boot_id: _Optional[str] = ...) -> None: ...

class CallerCgroup(_message.Message):
    __slots__ = ("version", "path", "inode")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    INODE_FIELD_NUMBER: _ClassVar[int]
    version: int
    path: str
    inode: int
    def __init__(self, version: _Optional[int] = ..., path: _Optional[str] = ..., inode: _Optional[int] = ...) -> None: ...

class BeginIntervalRequest(_message.Message):
    __slots__ = ("request_id", "name", "job", "phase", "labels", "gpus", "lease", "at", "caller")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    JOB_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    GPUS_FIELD_NUMBER: _ClassVar[int]
    LEASE_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    CALLER_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    name: str
    job: str
    phase: str
    labels: _containers.ScalarMap[str, str]
    gpus: GpuSelection
    lease: _duration_pb2.Duration
    at: Instant
    caller: Caller
    def __init__(self, request_id: _Optional[str] = ..., name: _Optional[str] = ..., job: _Optional[str] = ..., phase: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., gpus: _Optional[_Union[GpuSelection, _Mapping]] = ..., lease: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., at: _Optional[_Union[Instant, _Mapping]] = ..., caller: _Optional[_Union[Caller, _Mapping]] = ...) -> None: ...

class BeginIntervalResponse(_message.Message):
    __slots__ = ("interval_id", "begin_time", "durable", "warning")
    INTERVAL_ID_FIELD_NUMBER: _ClassVar[int]
    BEGIN_TIME_FIELD_NUMBER: _ClassVar[int]
    DURABLE_FIELD_NUMBER: _ClassVar[int]
    WARNING_FIELD_NUMBER: _ClassVar[int]
    interval_id: str
    begin_time: _timestamp_pb2.Timestamp
    durable: bool
    warning: str
    def __init__(self, interval_id: _Optional[str] = ..., begin_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., durable: bool = ..., warning: _Optional[str] = ...) -> None: ...

class EndIntervalRequest(_message.Message):
    __slots__ = ("interval_id", "request_id", "counts", "at")
    class CountsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    INTERVAL_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    interval_id: str
    request_id: str
    counts: _containers.ScalarMap[str, float]
    at: Instant
    def __init__(self, interval_id: _Optional[str] = ..., request_id: _Optional[str] = ..., counts: _Optional[_Mapping[str, float]] = ..., at: _Optional[_Union[Instant, _Mapping]] = ...) -> None: ...

class EndIntervalResponse(_message.Message):
    __slots__ = ("interval",)
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    interval: Interval
    def __init__(self, interval: _Optional[_Union[Interval, _Mapping]] = ...) -> None: ...

class RecordIntervalsRequest(_message.Message):
    __slots__ = ("intervals", "sent")
    INTERVALS_FIELD_NUMBER: _ClassVar[int]
    SENT_FIELD_NUMBER: _ClassVar[int]
    intervals: _containers.RepeatedCompositeFieldContainer[RecordedInterval]
    sent: Instant
    def __init__(self, intervals: _Optional[_Iterable[_Union[RecordedInterval, _Mapping]]] = ..., sent: _Optional[_Union[Instant, _Mapping]] = ...) -> None: ...

class RecordedInterval(_message.Message):
    __slots__ = ("request_id", "name", "job", "phase", "labels", "gpus", "begin", "end", "counts", "caller")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class CountsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    JOB_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    GPUS_FIELD_NUMBER: _ClassVar[int]
    BEGIN_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    CALLER_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    name: str
    job: str
    phase: str
    labels: _containers.ScalarMap[str, str]
    gpus: GpuSelection
    begin: Instant
    end: Instant
    counts: _containers.ScalarMap[str, float]
    caller: Caller
    def __init__(self, request_id: _Optional[str] = ..., name: _Optional[str] = ..., job: _Optional[str] = ..., phase: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., gpus: _Optional[_Union[GpuSelection, _Mapping]] = ..., begin: _Optional[_Union[Instant, _Mapping]] = ..., end: _Optional[_Union[Instant, _Mapping]] = ..., counts: _Optional[_Mapping[str, float]] = ..., caller: _Optional[_Union[Caller, _Mapping]] = ...) -> None: ...

class RecordIntervalsResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[RecordResult]
    def __init__(self, results: _Optional[_Iterable[_Union[RecordResult, _Mapping]]] = ...) -> None: ...

class RecordResult(_message.Message):
    __slots__ = ("interval", "error")
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    interval: Interval
    error: RecordError
    def __init__(self, interval: _Optional[_Union[Interval, _Mapping]] = ..., error: _Optional[_Union[RecordError, _Mapping]] = ...) -> None: ...

class RecordError(_message.Message):
    __slots__ = ("code", "message")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: int
    message: str
    def __init__(self, code: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class GetIntervalRequest(_message.Message):
    __slots__ = ("interval_id", "request_id")
    INTERVAL_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    interval_id: str
    request_id: str
    def __init__(self, interval_id: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class GetIntervalResponse(_message.Message):
    __slots__ = ("interval",)
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    interval: Interval
    def __init__(self, interval: _Optional[_Union[Interval, _Mapping]] = ...) -> None: ...

class ListIntervalsRequest(_message.Message):
    __slots__ = ("job", "phase", "name", "labels", "status", "since", "until", "cursor", "limit", "newest_first")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    JOB_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    NEWEST_FIRST_FIELD_NUMBER: _ClassVar[int]
    job: str
    phase: str
    name: str
    labels: _containers.ScalarMap[str, str]
    status: IntervalStatus
    since: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    cursor: str
    limit: int
    newest_first: bool
    def __init__(self, job: _Optional[str] = ..., phase: _Optional[str] = ..., name: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., status: _Optional[_Union[IntervalStatus, str]] = ..., since: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., cursor: _Optional[str] = ..., limit: _Optional[int] = ..., newest_first: bool = ...) -> None: ...

class ListIntervalsResponse(_message.Message):
    __slots__ = ("interval", "cursor")
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    interval: Interval
    cursor: str
    def __init__(self, interval: _Optional[_Union[Interval, _Mapping]] = ..., cursor: _Optional[str] = ...) -> None: ...

class Interval(_message.Message):
    __slots__ = ("interval_id", "request_id", "name", "job", "phase", "labels", "gpus", "status", "begin_time", "end_time", "duration_seconds", "settles_in", "counts", "node", "components", "devices", "usage", "notes", "durable", "estimate", "footprint", "container")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class CountsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    INTERVAL_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    JOB_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    GPUS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    BEGIN_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    DURATION_SECONDS_FIELD_NUMBER: _ClassVar[int]
    SETTLES_IN_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    COMPONENTS_FIELD_NUMBER: _ClassVar[int]
    DEVICES_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    DURABLE_FIELD_NUMBER: _ClassVar[int]
    ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    FOOTPRINT_FIELD_NUMBER: _ClassVar[int]
    CONTAINER_FIELD_NUMBER: _ClassVar[int]
    interval_id: str
    request_id: str
    name: str
    job: str
    phase: str
    labels: _containers.ScalarMap[str, str]
    gpus: GpuSelection
    status: IntervalStatus
    begin_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    duration_seconds: float
    settles_in: _duration_pb2.Duration
    counts: _containers.ScalarMap[str, float]
    node: Energy
    components: _containers.RepeatedCompositeFieldContainer[ComponentEnergy]
    devices: _containers.RepeatedCompositeFieldContainer[DeviceEnergy]
    usage: Usage
    notes: _containers.RepeatedScalarFieldContainer[str]
    durable: bool
    estimate: WorkloadEstimate
    footprint: Footprint
    container: ContainerShare
    def __init__(self, interval_id: _Optional[str] = ..., request_id: _Optional[str] = ..., name: _Optional[str] = ..., job: _Optional[str] = ..., phase: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., gpus: _Optional[_Union[GpuSelection, _Mapping]] = ..., status: _Optional[_Union[IntervalStatus, str]] = ..., begin_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., duration_seconds: _Optional[float] = ..., settles_in: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., counts: _Optional[_Mapping[str, float]] = ..., node: _Optional[_Union[Energy, _Mapping]] = ..., components: _Optional[_Iterable[_Union[ComponentEnergy, _Mapping]]] = ..., devices: _Optional[_Iterable[_Union[DeviceEnergy, _Mapping]]] = ..., usage: _Optional[_Union[Usage, _Mapping]] = ..., notes: _Optional[_Iterable[str]] = ..., durable: bool = ..., estimate: _Optional[_Union[WorkloadEstimate, _Mapping]] = ..., footprint: _Optional[_Union[Footprint, _Mapping]] = ..., container: _Optional[_Union[ContainerShare, _Mapping]] = ...) -> None: ...

class ContainerShare(_message.Message):
    __slots__ = ("manager", "namespace", "pod", "container", "unit", "gross_joules", "uncertainty_joules", "calibration_uncertainty_joules", "coverage", "components", "notes")
    MANAGER_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    POD_FIELD_NUMBER: _ClassVar[int]
    CONTAINER_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    GROSS_JOULES_FIELD_NUMBER: _ClassVar[int]
    UNCERTAINTY_JOULES_FIELD_NUMBER: _ClassVar[int]
    CALIBRATION_UNCERTAINTY_JOULES_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    COMPONENTS_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    manager: str
    namespace: str
    pod: str
    container: str
    unit: str
    gross_joules: float
    uncertainty_joules: float
    calibration_uncertainty_joules: float
    coverage: float
    components: _containers.RepeatedCompositeFieldContainer[ContainerComponent]
    notes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, manager: _Optional[str] = ..., namespace: _Optional[str] = ..., pod: _Optional[str] = ..., container: _Optional[str] = ..., unit: _Optional[str] = ..., gross_joules: _Optional[float] = ..., uncertainty_joules: _Optional[float] = ..., calibration_uncertainty_joules: _Optional[float] = ..., coverage: _Optional[float] = ..., components: _Optional[_Iterable[_Union[ContainerComponent, _Mapping]]] = ..., notes: _Optional[_Iterable[str]] = ...) -> None: ...

class ContainerComponent(_message.Message):
    __slots__ = ("component", "gross_joules", "uncertainty_joules", "calibration_uncertainty_joules", "coverage", "methods")
    COMPONENT_FIELD_NUMBER: _ClassVar[int]
    GROSS_JOULES_FIELD_NUMBER: _ClassVar[int]
    UNCERTAINTY_JOULES_FIELD_NUMBER: _ClassVar[int]
    CALIBRATION_UNCERTAINTY_JOULES_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    METHODS_FIELD_NUMBER: _ClassVar[int]
    component: Component
    gross_joules: float
    uncertainty_joules: float
    calibration_uncertainty_joules: float
    coverage: float
    methods: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, component: _Optional[_Union[Component, str]] = ..., gross_joules: _Optional[float] = ..., uncertainty_joules: _Optional[float] = ..., calibration_uncertainty_joules: _Optional[float] = ..., coverage: _Optional[float] = ..., methods: _Optional[_Iterable[str]] = ...) -> None: ...

class Footprint(_message.Message):
    __slots__ = ("grams_co2e", "uncertainty_grams_co2e", "calibration_uncertainty_grams_co2e", "cost", "uncertainty_cost", "calibration_uncertainty_cost", "currency", "carbon_intensity_grams_per_kwh", "carbon_zone", "carbon_source", "carbon_year", "price_per_kwh", "pue_ratio", "notes")
    GRAMS_CO2E_FIELD_NUMBER: _ClassVar[int]
    UNCERTAINTY_GRAMS_CO2E_FIELD_NUMBER: _ClassVar[int]
    CALIBRATION_UNCERTAINTY_GRAMS_CO2E_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    UNCERTAINTY_COST_FIELD_NUMBER: _ClassVar[int]
    CALIBRATION_UNCERTAINTY_COST_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    CARBON_INTENSITY_GRAMS_PER_KWH_FIELD_NUMBER: _ClassVar[int]
    CARBON_ZONE_FIELD_NUMBER: _ClassVar[int]
    CARBON_SOURCE_FIELD_NUMBER: _ClassVar[int]
    CARBON_YEAR_FIELD_NUMBER: _ClassVar[int]
    PRICE_PER_KWH_FIELD_NUMBER: _ClassVar[int]
    PUE_RATIO_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    grams_co2e: float
    uncertainty_grams_co2e: float
    calibration_uncertainty_grams_co2e: float
    cost: float
    uncertainty_cost: float
    calibration_uncertainty_cost: float
    currency: str
    carbon_intensity_grams_per_kwh: float
    carbon_zone: str
    carbon_source: str
    carbon_year: int
    price_per_kwh: float
    pue_ratio: float
    notes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, grams_co2e: _Optional[float] = ..., uncertainty_grams_co2e: _Optional[float] = ..., calibration_uncertainty_grams_co2e: _Optional[float] = ..., cost: _Optional[float] = ..., uncertainty_cost: _Optional[float] = ..., calibration_uncertainty_cost: _Optional[float] = ..., currency: _Optional[str] = ..., carbon_intensity_grams_per_kwh: _Optional[float] = ..., carbon_zone: _Optional[str] = ..., carbon_source: _Optional[str] = ..., carbon_year: _Optional[int] = ..., price_per_kwh: _Optional[float] = ..., pue_ratio: _Optional[float] = ..., notes: _Optional[_Iterable[str]] = ...) -> None: ...

class WorkloadEstimate(_message.Message):
    __slots__ = ("model", "version", "scope", "joules", "p10_joules", "p90_joules", "in_domain", "departures", "notes")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    JOULES_FIELD_NUMBER: _ClassVar[int]
    P10_JOULES_FIELD_NUMBER: _ClassVar[int]
    P90_JOULES_FIELD_NUMBER: _ClassVar[int]
    IN_DOMAIN_FIELD_NUMBER: _ClassVar[int]
    DEPARTURES_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    model: str
    version: str
    scope: str
    joules: float
    p10_joules: float
    p90_joules: float
    in_domain: bool
    departures: _containers.RepeatedScalarFieldContainer[str]
    notes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, model: _Optional[str] = ..., version: _Optional[str] = ..., scope: _Optional[str] = ..., joules: _Optional[float] = ..., p10_joules: _Optional[float] = ..., p90_joules: _Optional[float] = ..., in_domain: bool = ..., departures: _Optional[_Iterable[str]] = ..., notes: _Optional[_Iterable[str]] = ...) -> None: ...

class Energy(_message.Message):
    __slots__ = ("gross_joules", "idle_joules", "net_joules", "uncertainty_joules", "calibration_uncertainty_joules", "coverage", "provenance", "mean_watts", "below_resolution", "idle_uncertainty_joules")
    GROSS_JOULES_FIELD_NUMBER: _ClassVar[int]
    IDLE_JOULES_FIELD_NUMBER: _ClassVar[int]
    NET_JOULES_FIELD_NUMBER: _ClassVar[int]
    UNCERTAINTY_JOULES_FIELD_NUMBER: _ClassVar[int]
    CALIBRATION_UNCERTAINTY_JOULES_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    MEAN_WATTS_FIELD_NUMBER: _ClassVar[int]
    BELOW_RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    IDLE_UNCERTAINTY_JOULES_FIELD_NUMBER: _ClassVar[int]
    gross_joules: float
    idle_joules: float
    net_joules: float
    uncertainty_joules: float
    calibration_uncertainty_joules: float
    coverage: float
    provenance: Provenance
    mean_watts: float
    below_resolution: bool
    idle_uncertainty_joules: float
    def __init__(self, gross_joules: _Optional[float] = ..., idle_joules: _Optional[float] = ..., net_joules: _Optional[float] = ..., uncertainty_joules: _Optional[float] = ..., calibration_uncertainty_joules: _Optional[float] = ..., coverage: _Optional[float] = ..., provenance: _Optional[_Union[Provenance, str]] = ..., mean_watts: _Optional[float] = ..., below_resolution: bool = ..., idle_uncertainty_joules: _Optional[float] = ...) -> None: ...

class ComponentEnergy(_message.Message):
    __slots__ = ("component", "energy")
    COMPONENT_FIELD_NUMBER: _ClassVar[int]
    ENERGY_FIELD_NUMBER: _ClassVar[int]
    component: Component
    energy: Energy
    def __init__(self, component: _Optional[_Union[Component, str]] = ..., energy: _Optional[_Union[Energy, _Mapping]] = ...) -> None: ...

class DeviceEnergy(_message.Message):
    __slots__ = ("component", "device", "zone", "counted", "energy", "sensor")
    COMPONENT_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    ZONE_FIELD_NUMBER: _ClassVar[int]
    COUNTED_FIELD_NUMBER: _ClassVar[int]
    ENERGY_FIELD_NUMBER: _ClassVar[int]
    SENSOR_FIELD_NUMBER: _ClassVar[int]
    component: Component
    device: str
    zone: str
    counted: bool
    energy: Energy
    sensor: str
    def __init__(self, component: _Optional[_Union[Component, str]] = ..., device: _Optional[str] = ..., zone: _Optional[str] = ..., counted: bool = ..., energy: _Optional[_Union[Energy, _Mapping]] = ..., sensor: _Optional[str] = ...) -> None: ...

class Usage(_message.Message):
    __slots__ = ("cpu_utilization_ratio", "memory_utilization_ratio", "gpus")
    CPU_UTILIZATION_RATIO_FIELD_NUMBER: _ClassVar[int]
    MEMORY_UTILIZATION_RATIO_FIELD_NUMBER: _ClassVar[int]
    GPUS_FIELD_NUMBER: _ClassVar[int]
    cpu_utilization_ratio: float
    memory_utilization_ratio: float
    gpus: _containers.RepeatedCompositeFieldContainer[GpuUsage]
    def __init__(self, cpu_utilization_ratio: _Optional[float] = ..., memory_utilization_ratio: _Optional[float] = ..., gpus: _Optional[_Iterable[_Union[GpuUsage, _Mapping]]] = ...) -> None: ...

class GpuUsage(_message.Message):
    __slots__ = ("uuid", "utilization_ratio", "memory_utilization_ratio", "temperature_celsius", "sm_clock_hertz")
    UUID_FIELD_NUMBER: _ClassVar[int]
    UTILIZATION_RATIO_FIELD_NUMBER: _ClassVar[int]
    MEMORY_UTILIZATION_RATIO_FIELD_NUMBER: _ClassVar[int]
    TEMPERATURE_CELSIUS_FIELD_NUMBER: _ClassVar[int]
    SM_CLOCK_HERTZ_FIELD_NUMBER: _ClassVar[int]
    uuid: str
    utilization_ratio: float
    memory_utilization_ratio: float
    temperature_celsius: float
    sm_clock_hertz: float
    def __init__(self, uuid: _Optional[str] = ..., utilization_ratio: _Optional[float] = ..., memory_utilization_ratio: _Optional[float] = ..., temperature_celsius: _Optional[float] = ..., sm_clock_hertz: _Optional[float] = ...) -> None: ...

class WatchPowerRequest(_message.Message):
    __slots__ = ("period",)
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    period: _duration_pb2.Duration
    def __init__(self, period: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class WatchPowerResponse(_message.Message):
    __slots__ = ("time", "node_watts", "provenance", "devices")
    TIME_FIELD_NUMBER: _ClassVar[int]
    NODE_WATTS_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    DEVICES_FIELD_NUMBER: _ClassVar[int]
    time: _timestamp_pb2.Timestamp
    node_watts: float
    provenance: Provenance
    devices: _containers.RepeatedCompositeFieldContainer[DevicePower]
    def __init__(self, time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., node_watts: _Optional[float] = ..., provenance: _Optional[_Union[Provenance, str]] = ..., devices: _Optional[_Iterable[_Union[DevicePower, _Mapping]]] = ...) -> None: ...

class DevicePower(_message.Message):
    __slots__ = ("component", "device", "zone", "provenance", "watts", "counted")
    COMPONENT_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    ZONE_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    WATTS_FIELD_NUMBER: _ClassVar[int]
    COUNTED_FIELD_NUMBER: _ClassVar[int]
    component: Component
    device: str
    zone: str
    provenance: Provenance
    watts: float
    counted: bool
    def __init__(self, component: _Optional[_Union[Component, str]] = ..., device: _Optional[str] = ..., zone: _Optional[str] = ..., provenance: _Optional[_Union[Provenance, str]] = ..., watts: _Optional[float] = ..., counted: bool = ...) -> None: ...

class MeasureIdleRequest(_message.Message):
    __slots__ = ("duration", "force")
    DURATION_FIELD_NUMBER: _ClassVar[int]
    FORCE_FIELD_NUMBER: _ClassVar[int]
    duration: _duration_pb2.Duration
    force: bool
    def __init__(self, duration: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., force: bool = ...) -> None: ...

class MeasureIdleResponse(_message.Message):
    __slots__ = ("elapsed_seconds", "total_seconds", "idle")
    ELAPSED_SECONDS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SECONDS_FIELD_NUMBER: _ClassVar[int]
    IDLE_FIELD_NUMBER: _ClassVar[int]
    elapsed_seconds: float
    total_seconds: float
    idle: _containers.RepeatedCompositeFieldContainer[IdlePower]
    def __init__(self, elapsed_seconds: _Optional[float] = ..., total_seconds: _Optional[float] = ..., idle: _Optional[_Iterable[_Union[IdlePower, _Mapping]]] = ...) -> None: ...

class IdlePower(_message.Message):
    __slots__ = ("component", "device", "zone", "watts", "spread_watts", "source", "seconds", "measured_at")
    COMPONENT_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    ZONE_FIELD_NUMBER: _ClassVar[int]
    WATTS_FIELD_NUMBER: _ClassVar[int]
    SPREAD_WATTS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    MEASURED_AT_FIELD_NUMBER: _ClassVar[int]
    component: Component
    device: str
    zone: str
    watts: float
    spread_watts: float
    source: str
    seconds: float
    measured_at: _timestamp_pb2.Timestamp
    def __init__(self, component: _Optional[_Union[Component, str]] = ..., device: _Optional[str] = ..., zone: _Optional[str] = ..., watts: _Optional[float] = ..., spread_watts: _Optional[float] = ..., source: _Optional[str] = ..., seconds: _Optional[float] = ..., measured_at: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class DescribeNodeRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DescribeNodeResponse(_message.Message):
    __slots__ = ("hostname", "version", "boot_id", "period_seconds", "sensors", "series", "gpus", "idle", "open_intervals")
    HOSTNAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    BOOT_ID_FIELD_NUMBER: _ClassVar[int]
    PERIOD_SECONDS_FIELD_NUMBER: _ClassVar[int]
    SENSORS_FIELD_NUMBER: _ClassVar[int]
    SERIES_FIELD_NUMBER: _ClassVar[int]
    GPUS_FIELD_NUMBER: _ClassVar[int]
    IDLE_FIELD_NUMBER: _ClassVar[int]
    OPEN_INTERVALS_FIELD_NUMBER: _ClassVar[int]
    hostname: str
    version: str
    boot_id: str
    period_seconds: float
    sensors: _containers.RepeatedCompositeFieldContainer[SensorDescription]
    series: _containers.RepeatedCompositeFieldContainer[SeriesDescription]
    gpus: _containers.RepeatedCompositeFieldContainer[GpuDescription]
    idle: _containers.RepeatedCompositeFieldContainer[IdlePower]
    open_intervals: int
    def __init__(self, hostname: _Optional[str] = ..., version: _Optional[str] = ..., boot_id: _Optional[str] = ..., period_seconds: _Optional[float] = ..., sensors: _Optional[_Iterable[_Union[SensorDescription, _Mapping]]] = ..., series: _Optional[_Iterable[_Union[SeriesDescription, _Mapping]]] = ..., gpus: _Optional[_Iterable[_Union[GpuDescription, _Mapping]]] = ..., idle: _Optional[_Iterable[_Union[IdlePower, _Mapping]]] = ..., open_intervals: _Optional[int] = ...) -> None: ...

class SensorDescription(_message.Message):
    __slots__ = ("sensor", "status", "message", "remedy")
    SENSOR_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REMEDY_FIELD_NUMBER: _ClassVar[int]
    sensor: str
    status: str
    message: str
    remedy: str
    def __init__(self, sensor: _Optional[str] = ..., status: _Optional[str] = ..., message: _Optional[str] = ..., remedy: _Optional[str] = ...) -> None: ...

class SeriesDescription(_message.Message):
    __slots__ = ("component", "device", "zone", "sensor", "provenance", "counted", "reason", "source", "update_seconds", "resolution_joules", "relative_error")
    COMPONENT_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    ZONE_FIELD_NUMBER: _ClassVar[int]
    SENSOR_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    COUNTED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    UPDATE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_JOULES_FIELD_NUMBER: _ClassVar[int]
    RELATIVE_ERROR_FIELD_NUMBER: _ClassVar[int]
    component: Component
    device: str
    zone: str
    sensor: str
    provenance: Provenance
    counted: bool
    reason: str
    source: str
    update_seconds: float
    resolution_joules: float
    relative_error: float
    def __init__(self, component: _Optional[_Union[Component, str]] = ..., device: _Optional[str] = ..., zone: _Optional[str] = ..., sensor: _Optional[str] = ..., provenance: _Optional[_Union[Provenance, str]] = ..., counted: bool = ..., reason: _Optional[str] = ..., source: _Optional[str] = ..., update_seconds: _Optional[float] = ..., resolution_joules: _Optional[float] = ..., relative_error: _Optional[float] = ...) -> None: ...

class GpuDescription(_message.Message):
    __slots__ = ("uuid", "index", "model", "driver", "memory_bytes", "power_limit_watts")
    UUID_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    DRIVER_FIELD_NUMBER: _ClassVar[int]
    MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    POWER_LIMIT_WATTS_FIELD_NUMBER: _ClassVar[int]
    uuid: str
    index: int
    model: str
    driver: str
    memory_bytes: int
    power_limit_watts: float
    def __init__(self, uuid: _Optional[str] = ..., index: _Optional[int] = ..., model: _Optional[str] = ..., driver: _Optional[str] = ..., memory_bytes: _Optional[int] = ..., power_limit_watts: _Optional[float] = ...) -> None: ...
