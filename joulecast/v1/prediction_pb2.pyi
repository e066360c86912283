from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Question(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    QUESTION_UNSPECIFIED: _ClassVar[Question]
    QUESTION_GENERATIVE_KNOWN_RUNTIME: _ClassVar[Question]
    QUESTION_GENERATIVE_A_PRIORI: _ClassVar[Question]
    QUESTION_DISCRIMINATIVE: _ClassVar[Question]
    QUESTION_DIFFUSION: _ClassVar[Question]
    QUESTION_NODE_POWER: _ClassVar[Question]
QUESTION_UNSPECIFIED: Question
QUESTION_GENERATIVE_KNOWN_RUNTIME: Question
QUESTION_GENERATIVE_A_PRIORI: Question
QUESTION_DISCRIMINATIVE: Question
QUESTION_DIFFUSION: Question
QUESTION_NODE_POWER: Question

class PredictRequest(_message.Message):
    __slots__ = ("question", "model", "features", "names", "omit_contributions")
    class FeaturesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    class NamesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    OMIT_CONTRIBUTIONS_FIELD_NUMBER: _ClassVar[int]
    question: Question
    model: str
    features: _containers.ScalarMap[str, float]
    names: _containers.ScalarMap[str, str]
    omit_contributions: bool
    def __init__(self, question: _Optional[_Union[Question, str]] = ..., model: _Optional[str] = ..., features: _Optional[_Mapping[str, float]] = ..., names: _Optional[_Mapping[str, str]] = ..., omit_contributions: bool = ...) -> None: ...

class Quantity(_message.Message):
    __slots__ = ("value", "p10", "p90")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    P10_FIELD_NUMBER: _ClassVar[int]
    P90_FIELD_NUMBER: _ClassVar[int]
    value: float
    p10: float
    p90: float
    def __init__(self, value: _Optional[float] = ..., p10: _Optional[float] = ..., p90: _Optional[float] = ...) -> None: ...

class PredictResponse(_message.Message):
    __slots__ = ("power_watts", "joules_per_sample", "joules_per_output_token", "kilowatt_hours_per_day", "in_domain", "departures", "contributions", "scope", "model", "version", "notes")
    POWER_WATTS_FIELD_NUMBER: _ClassVar[int]
    JOULES_PER_SAMPLE_FIELD_NUMBER: _ClassVar[int]
    JOULES_PER_OUTPUT_TOKEN_FIELD_NUMBER: _ClassVar[int]
    KILOWATT_HOURS_PER_DAY_FIELD_NUMBER: _ClassVar[int]
    IN_DOMAIN_FIELD_NUMBER: _ClassVar[int]
    DEPARTURES_FIELD_NUMBER: _ClassVar[int]
    CONTRIBUTIONS_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    power_watts: Quantity
    joules_per_sample: Quantity
    joules_per_output_token: Quantity
    kilowatt_hours_per_day: Quantity
    in_domain: bool
    departures: _containers.RepeatedCompositeFieldContainer[Departure]
    contributions: _containers.RepeatedCompositeFieldContainer[Contribution]
    scope: str
    model: str
    version: str
    notes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, power_watts: _Optional[_Union[Quantity, _Mapping]] = ..., joules_per_sample: _Optional[_Union[Quantity, _Mapping]] = ..., joules_per_output_token: _Optional[_Union[Quantity, _Mapping]] = ..., kilowatt_hours_per_day: _Optional[_Union[Quantity, _Mapping]] = ..., in_domain: bool = ..., departures: _Optional[_Iterable[_Union[Departure, _Mapping]]] = ..., contributions: _Optional[_Iterable[_Union[Contribution, _Mapping]]] = ..., scope: _Optional[str] = ..., model: _Optional[str] = ..., version: _Optional[str] = ..., notes: _Optional[_Iterable[str]] = ...) -> None: ...

class Departure(_message.Message):
    __slots__ = ("feature", "value", "text", "lowest", "highest")
    FEATURE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    LOWEST_FIELD_NUMBER: _ClassVar[int]
    HIGHEST_FIELD_NUMBER: _ClassVar[int]
    feature: str
    value: float
    text: str
    lowest: float
    highest: float
    def __init__(self, feature: _Optional[str] = ..., value: _Optional[float] = ..., text: _Optional[str] = ..., lowest: _Optional[float] = ..., highest: _Optional[float] = ...) -> None: ...

class Contribution(_message.Message):
    __slots__ = ("feature", "log_ratio")
    FEATURE_FIELD_NUMBER: _ClassVar[int]
    LOG_RATIO_FIELD_NUMBER: _ClassVar[int]
    feature: str
    log_ratio: float
    def __init__(self, feature: _Optional[str] = ..., log_ratio: _Optional[float] = ...) -> None: ...

class PredictBatchRequest(_message.Message):
    __slots__ = ("question", "model", "rows", "columns")
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    question: Question
    model: str
    rows: int
    columns: _containers.RepeatedCompositeFieldContainer[Column]
    def __init__(self, question: _Optional[_Union[Question, str]] = ..., model: _Optional[str] = ..., rows: _Optional[int] = ..., columns: _Optional[_Iterable[_Union[Column, _Mapping]]] = ...) -> None: ...

class Column(_message.Message):
    __slots__ = ("name", "numbers", "texts")
    NAME_FIELD_NUMBER: _ClassVar[int]
    NUMBERS_FIELD_NUMBER: _ClassVar[int]
    TEXTS_FIELD_NUMBER: _ClassVar[int]
    name: str
    numbers: Numbers
    texts: Texts
    def __init__(self, name: _Optional[str] = ..., numbers: _Optional[_Union[Numbers, _Mapping]] = ..., texts: _Optional[_Union[Texts, _Mapping]] = ...) -> None: ...

class Numbers(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, values: _Optional[_Iterable[float]] = ...) -> None: ...

class Texts(_message.Message):
    __slots__ = ("values", "indexes")
    VALUES_FIELD_NUMBER: _ClassVar[int]
    INDEXES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[str]
    indexes: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, values: _Optional[_Iterable[str]] = ..., indexes: _Optional[_Iterable[int]] = ...) -> None: ...

class PredictBatchResponse(_message.Message):
    __slots__ = ("power_watts", "joules_per_sample", "joules_per_output_token", "kilowatt_hours_per_day", "in_domain", "errors", "scope", "model", "version", "notes")
    POWER_WATTS_FIELD_NUMBER: _ClassVar[int]
    JOULES_PER_SAMPLE_FIELD_NUMBER: _ClassVar[int]
    JOULES_PER_OUTPUT_TOKEN_FIELD_NUMBER: _ClassVar[int]
    KILOWATT_HOURS_PER_DAY_FIELD_NUMBER: _ClassVar[int]
    IN_DOMAIN_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    power_watts: QuantityColumn
    joules_per_sample: QuantityColumn
    joules_per_output_token: QuantityColumn
    kilowatt_hours_per_day: QuantityColumn
    in_domain: _containers.RepeatedScalarFieldContainer[bool]
    errors: _containers.RepeatedCompositeFieldContainer[RowError]
    scope: str
    model: str
    version: str
    notes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, power_watts: _Optional[_Union[QuantityColumn, _Mapping]] = ..., joules_per_sample: _Optional[_Union[QuantityColumn, _Mapping]] = ..., joules_per_output_token: _Optional[_Union[QuantityColumn, _Mapping]] = ..., kilowatt_hours_per_day: _Optional[_Union[QuantityColumn, _Mapping]] = ..., in_domain: _Optional[_Iterable[bool]] = ..., errors: _Optional[_Iterable[_Union[RowError, _Mapping]]] = ..., scope: _Optional[str] = ..., model: _Optional[str] = ..., version: _Optional[str] = ..., notes: _Optional[_Iterable[str]] = ...) -> None: ...

class QuantityColumn(_message.Message):
    __slots__ = ("values", "p10", "p90")
    VALUES_FIELD_NUMBER: _ClassVar[int]
    P10_FIELD_NUMBER: _ClassVar[int]
    P90_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[float]
    p10: _containers.RepeatedScalarFieldContainer[float]
    p90: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, values: _Optional[_Iterable[float]] = ..., p10: _Optional[_Iterable[float]] = ..., p90: _Optional[_Iterable[float]] = ...) -> None: ...

class RowError(_message.Message):
    __slots__ = ("row", "field", "message")
    ROW_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    row: int
    field: str
    message: str
    def __init__(self, row: _Optional[int] = ..., field: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class DescribeModelRequest(_message.Message):
    __slots__ = ("model", "question")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    model: str
    question: Question
    def __init__(self, model: _Optional[str] = ..., question: _Optional[_Union[Question, str]] = ...) -> None: ...

class DescribeModelResponse(_message.Message):
    __slots__ = ("models",)
    MODELS_FIELD_NUMBER: _ClassVar[int]
    models: _containers.RepeatedCompositeFieldContainer[Model]
    def __init__(self, models: _Optional[_Iterable[_Union[Model, _Mapping]]] = ...) -> None: ...

class Model(_message.Message):
    __slots__ = ("name", "version", "question", "answers_by_default", "scope", "features", "evaluations", "provenance")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    ANSWERS_BY_DEFAULT_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    EVALUATIONS_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: str
    question: Question
    answers_by_default: bool
    scope: str
    features: _containers.RepeatedCompositeFieldContainer[Feature]
    evaluations: _containers.RepeatedCompositeFieldContainer[Evaluation]
    provenance: str
    def __init__(self, name: _Optional[str] = ..., version: _Optional[str] = ..., question: _Optional[_Union[Question, str]] = ..., answers_by_default: bool = ..., scope: _Optional[str] = ..., features: _Optional[_Iterable[_Union[Feature, _Mapping]]] = ..., evaluations: _Optional[_Iterable[_Union[Evaluation, _Mapping]]] = ..., provenance: _Optional[str] = ...) -> None: ...

class Feature(_message.Message):
    __slots__ = ("name", "unit", "meaning", "required", "lowest", "highest", "values")
    NAME_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    MEANING_FIELD_NUMBER: _ClassVar[int]
    REQUIRED_FIELD_NUMBER: _ClassVar[int]
    LOWEST_FIELD_NUMBER: _ClassVar[int]
    HIGHEST_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    name: str
    unit: str
    meaning: str
    required: bool
    lowest: float
    highest: float
    values: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., unit: _Optional[str] = ..., meaning: _Optional[str] = ..., required: bool = ..., lowest: _Optional[float] = ..., highest: _Optional[float] = ..., values: _Optional[_Iterable[str]] = ...) -> None: ...

class Evaluation(_message.Message):
    __slots__ = ("split", "records", "mean_absolute_percentage_error_ratio", "median_absolute_percentage_error_ratio", "r2_log", "within_factor_two_ratio", "band_coverage_ratio")
    SPLIT_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    MEAN_ABSOLUTE_PERCENTAGE_ERROR_RATIO_FIELD_NUMBER: _ClassVar[int]
    MEDIAN_ABSOLUTE_PERCENTAGE_ERROR_RATIO_FIELD_NUMBER: _ClassVar[int]
    R2_LOG_FIELD_NUMBER: _ClassVar[int]
    WITHIN_FACTOR_TWO_RATIO_FIELD_NUMBER: _ClassVar[int]
    BAND_COVERAGE_RATIO_FIELD_NUMBER: _ClassVar[int]
    split: str
    records: int
    mean_absolute_percentage_error_ratio: float
    median_absolute_percentage_error_ratio: float
    r2_log: float
    within_factor_two_ratio: float
    band_coverage_ratio: float
    def __init__(self, split: _Optional[str] = ..., records: _Optional[int] = ..., mean_absolute_percentage_error_ratio: _Optional[float] = ..., median_absolute_percentage_error_ratio: _Optional[float] = ..., r2_log: _Optional[float] = ..., within_factor_two_ratio: _Optional[float] = ..., band_coverage_ratio: _Optional[float] = ...) -> None: ...

class ListHardwareRequest(_message.Message):
    __slots__ = ("kind", "matching")
    KIND_FIELD_NUMBER: _ClassVar[int]
    MATCHING_FIELD_NUMBER: _ClassVar[int]
    kind: str
    matching: str
    def __init__(self, kind: _Optional[str] = ..., matching: _Optional[str] = ...) -> None: ...

class ListHardwareResponse(_message.Message):
    __slots__ = ("hardware",)
    HARDWARE_FIELD_NUMBER: _ClassVar[int]
    hardware: _containers.RepeatedCompositeFieldContainer[Hardware]
    def __init__(self, hardware: _Optional[_Iterable[_Union[Hardware, _Mapping]]] = ...) -> None: ...

class Hardware(_message.Message):
    __slots__ = ("name", "aliases", "kind", "tdp_watts", "memory_bytes", "memory_bandwidth_bytes_per_second", "peak_flops_per_second", "idle_watts", "source")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    TDP_WATTS_FIELD_NUMBER: _ClassVar[int]
    MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    MEMORY_BANDWIDTH_BYTES_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    PEAK_FLOPS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    IDLE_WATTS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    name: str
    aliases: _containers.RepeatedScalarFieldContainer[str]
    kind: str
    tdp_watts: float
    memory_bytes: float
    memory_bandwidth_bytes_per_second: float
    peak_flops_per_second: float
    idle_watts: float
    source: str
    def __init__(self, name: _Optional[str] = ..., aliases: _Optional[_Iterable[str]] = ..., kind: _Optional[str] = ..., tdp_watts: _Optional[float] = ..., memory_bytes: _Optional[float] = ..., memory_bandwidth_bytes_per_second: _Optional[float] = ..., peak_flops_per_second: _Optional[float] = ..., idle_watts: _Optional[float] = ..., source: _Optional[str] = ...) -> None: ...
