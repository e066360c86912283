/* A stand-in for libnvidia-ml.so.1 that the real pynvml loads: up to 16 GPUs whose state lives in a shared file.
 *
 * The controller (fake_nvml.py) compiles this file, passes the numbers of the calls and the size of the state as
 * macros, so that both sides have one layout, and edits the state while processes are using the library.
 * Power follows a waveform; the energy counter is its exact integral, refreshed only at ticks, as on real boards.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { SUCCESS = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7,
       DRIVER_NOT_LOADED = 9, GPU_IS_LOST = 15, ARGUMENT_VERSION_MISMATCH = 25 };
enum { MAX_DEVICES = 16, MAX_SLICES = 7, MAX_SAMPLES = 100, MAX_PROCESSES = 32, WHOLE = 0xFFFFFFFF };
enum { COMPUTE = 1, GRAPHICS = 2, MPS = 4 };
enum { FIELD_MEMORY_TEMPERATURE = 82, FIELD_ENERGY = 83, FIELD_AVERAGE = 185,
       FIELD_INSTANT = 186 };

/* Mirrored by the structures of nvml_library.py: 8-byte members first, so that neither side pads. */
struct sample { uint64_t time_us; uint32_t pid, sm, memory, encoder, decoder, unused; };
struct process { uint64_t memory; uint32_t pid, lists, slice, unused; };
struct slice { char uuid[48]; uint32_t multiprocessors, gpu_slices, compute_slices, unused; };

struct device {
    int64_t base_ns;         /* the waveform below holds from here on */
    uint64_t base_uj;        /* energy consumed until base_ns */
    uint64_t held_uj;        /* what the counter showed at its last tick before base_ns */
    int64_t half_period_ns, wave_start_ns, wave_end_ns;
    int64_t tick_ns, phase_ns; /* the counter is refreshed at phase + n ticks; 0: at every read */
    int64_t power_tick_ns;   /* the power sensor likewise, at the same phase */
    uint64_t pinned_mj;      /* the counter shows this while counter_pinned */
    int64_t pinned_mw;       /* power shows this raw value; -1: it follows the waveform */
    int64_t fussy_ns;        /* two power reads closer than this spoil the second */
    int64_t last_power_ns, last_energy_ns, shortest_energy_gap_ns;
    uint64_t memory_total, memory_reserved, memory_used, event_reasons;
    uint64_t calls[CALLS];
    struct sample samples[MAX_SAMPLES]; /* a ring, as the driver keeps one; the oldest are overwritten */
    struct process processes[MAX_PROCESSES];
    int32_t errors[CALLS];
    uint32_t idle_mw, high_mw, low_mw;
    uint32_t held_mw;        /* what power showed at its last tick before base_ns */
    uint32_t limit_mw, max_limit_mw, pci_device_id, architecture;
    uint32_t utilization, memory_utilization, sm_clock, memory_clock;
    int32_t temperature, memory_temperature;
    int32_t lost, fussy_error;
    uint32_t delay_ms, handle_epoch, mig_enabled, max_slices, counter_pinned;
    uint32_t sampled, running, raw_samples; /* how many of the arrays above are filled; rows are told as they are */
    char uuid[48], name[64], pci_bus_id[32];
    struct slice slices[MAX_SLICES]; /* an empty place has no UUID */
};

struct state {
    int64_t clock_ns;        /* 0: the real CLOCK_MONOTONIC */
    uint32_t edits;          /* odd while the controller writes */
    uint32_t epoch;          /* one more at each driver reload */
    int32_t init_error, count;
    char driver[80];
    struct device devices[MAX_DEVICES];
};
_Static_assert(sizeof(struct state) == STATE_BYTES, "fake_nvml.py and fake_nvml.c disagree about the state");

static struct state *state;
static int references;
static uint32_t epoch, handle_epochs[MAX_DEVICES];
static char handles[MAX_DEVICES], slice_handles[MAX_DEVICES][MAX_SLICES];

/* In-process tests point the library at a new state; a process of its own takes FAKE_NVML_STATE at its first init. */
int fake_nvml_use_state(const char *path) {
    int file = open(path, O_RDWR);
    if (file < 0) return -1;
    struct state *mapped = mmap(NULL, sizeof *mapped, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (mapped == MAP_FAILED) return -1;
    if (state) munmap(state, sizeof *state);
    state = mapped;
    references = 0;
    return 0;
}

static int64_t now_ns(void) {
    struct timespec time;
    if (state->clock_ns) return state->clock_ns;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int nvmlInitWithFlags(unsigned int flags) {
    (void)flags;
    if (!state && (!getenv("FAKE_NVML_STATE") || fake_nvml_use_state(getenv("FAKE_NVML_STATE")))) return DRIVER_NOT_LOADED;
    if (state->init_error) return state->init_error;
    if (references++ == 0) {  /* as in the real library, only the first init looks at the driver */
        epoch = state->epoch;
        for (int i = 0; i < MAX_DEVICES; i++) handle_epochs[i] = state->devices[i].handle_epoch;
    }
    return SUCCESS;
}
int nvmlInit_v2(void) { return nvmlInitWithFlags(0); }

int nvmlShutdown(void) {
    if (references == 0) return UNINITIALIZED;
    references--;
    return SUCCESS;
}

const char *nvmlErrorString(int code) {
    static char text[32];
    snprintf(text, sizeof text, "fake error %d", code);
    return text;
}

static int driver(void) { return !state || references == 0 || epoch != state->epoch ? UNINITIALIZED : SUCCESS; }

/* Every call about a device begins here: counts, blocks, fails as told, and takes a consistent copy of the device. */
static int enter(void *handle, int call, struct device *copy) {
    if (driver()) return UNINITIALIZED;
    long index = (char *)handle - handles;
    if (index < 0 || index >= state->count) return INVALID_ARGUMENT;
    struct device *device = &state->devices[index];
    __atomic_fetch_add(&device->calls[call], 1, __ATOMIC_RELAXED);
    for (uint32_t before = 1, after = 0; before != after || before % 2;) {
        before = __atomic_load_n(&state->edits, __ATOMIC_ACQUIRE);
        memcpy(copy, device, sizeof *copy);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        after = __atomic_load_n(&state->edits, __ATOMIC_RELAXED);
    }
    if (copy->delay_ms) usleep(copy->delay_ms * 1000);
    if (copy->lost || copy->handle_epoch != handle_epochs[index]) return GPU_IS_LOST;
    return copy->errors[call];
}
/* The same for a call about a MIG instance, or about a whole GPU where `place` comes out as WHOLE. */
static int enter_slice(void *handle, int call, struct device *copy, uint32_t *place) {
    long slice = (char *)handle - slice_handles[0];
    *place = WHOLE;
    if (slice < 0 || slice >= MAX_DEVICES * MAX_SLICES) return enter(handle, call, copy);
    int refused = enter(&handles[slice / MAX_SLICES], call, copy);
    if (refused) return refused;
    *place = (uint32_t)(slice % MAX_SLICES);
    return copy->mig_enabled && copy->slices[*place].uuid[0] ? SUCCESS : INVALID_ARGUMENT; /* it was destroyed */
}

#define ENTER(handle, call) \
    struct device device; \
    int refused = enter(handle, call, &device); \
    if (refused) return refused

static int64_t clip(int64_t time, int64_t low, int64_t high) { return time < low ? low : time > high ? high : time; }

/* Picojoules (mW x ns) of the square wave from its start until `elapsed` ns later. */
static __int128 wave_pj(const struct device *d, int64_t elapsed) {
    if (!d->half_period_ns) return 0;
    int64_t rest = elapsed % (2 * d->half_period_ns), high = clip(rest, 0, d->half_period_ns);
    __int128 whole = (__int128)(elapsed / (2 * d->half_period_ns)) * d->half_period_ns * ((int64_t)d->high_mw + d->low_mw);
    return whole + (__int128)high * d->high_mw + (__int128)(rest - high) * d->low_mw;
}

static uint64_t energy_mj(const struct device *d, int64_t time) {
    int64_t from = clip(d->base_ns, d->wave_start_ns, d->wave_end_ns) - d->wave_start_ns;
    int64_t until = clip(time, d->wave_start_ns, d->wave_end_ns) - d->wave_start_ns;
    __int128 idle = (__int128)(time - d->base_ns - (until - from)) * d->idle_mw;
    return (uint64_t)((idle + wave_pj(d, until) - wave_pj(d, from) + (__int128)d->base_uj * 1000000) / 1000000000);
}

static int64_t last_tick(const struct device *d, int64_t time, int64_t tick_ns) {
    return tick_ns ? (time - d->phase_ns) / tick_ns * tick_ns + d->phase_ns : time;
}

static uint64_t counter_mj(const struct device *d, int64_t time) {
    if (d->counter_pinned) return d->pinned_mj;
    int64_t tick = last_tick(d, time, d->tick_ns);
    return tick < d->base_ns ? d->held_uj / 1000 : energy_mj(d, tick);
}

static uint32_t power_mw(const struct device *d, int64_t time) {
    if (d->pinned_mw != -1) return (uint32_t)d->pinned_mw;
    int64_t tick = last_tick(d, time, d->power_tick_ns);
    if (tick < d->base_ns) return d->held_mw;
    if (tick < d->wave_start_ns || tick >= d->wave_end_ns) return d->idle_mw;
    return (tick - d->wave_start_ns) % (2 * d->half_period_ns) < d->half_period_ns ? d->high_mw : d->low_mw;
}

static int read_power(void *handle, const struct device *d, uint32_t *milliwatts) {
    int64_t time = now_ns(), *last = &state->devices[(char *)handle - handles].last_power_ns;
    int64_t gap = time - __atomic_exchange_n(last, time, __ATOMIC_RELAXED);
    *milliwatts = power_mw(d, time);
    if (!d->fussy_ns || gap >= d->fussy_ns) return SUCCESS;
    *milliwatts = 0;
    return d->fussy_error;
}

int nvmlSystemGetDriverVersion(char *text, unsigned int length) {
    if (driver()) return UNINITIALIZED;
    return snprintf(text, length, "%s", state->driver) < (int)length ? SUCCESS : INSUFFICIENT_SIZE;
}
int nvmlDeviceGetCount_v2(unsigned int *count) {
    if (driver()) return UNINITIALIZED;
    *count = (unsigned int)state->count;
    return SUCCESS;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned int index, void **handle) {
    if (driver()) return UNINITIALIZED;
    if (index >= (unsigned int)state->count) return INVALID_ARGUMENT;
    ENTER(&handles[index], CALL_HANDLE);
    *handle = &handles[index];
    return SUCCESS;
}

#define TEXT(function, call, member) \
    int function(void *handle, char *text, unsigned int length) { \
        ENTER(handle, call); \
        return snprintf(text, length, "%s", device.member) < (int)length ? SUCCESS : INSUFFICIENT_SIZE; \
    }
TEXT(nvmlDeviceGetName, CALL_NAME, name)

int nvmlDeviceGetUUID(void *handle, char *text, unsigned int length) {
    struct device device;
    uint32_t place;
    long slice = (char *)handle - slice_handles[0];
    int call = slice >= 0 && slice < MAX_DEVICES * MAX_SLICES ? CALL_SLICE_UUID : CALL_UUID;
    int refused = enter_slice(handle, call, &device, &place);
    if (refused) return refused;
    const char *uuid = place == WHOLE ? device.uuid : device.slices[place].uuid;
    return snprintf(text, length, "%s", uuid) < (int)length ? SUCCESS : INSUFFICIENT_SIZE;
}

#define NUMBER(function, type, call, value) \
    int function(void *handle, type *out) { \
        ENTER(handle, call); \
        *out = (type)(value); \
        return SUCCESS; \
    }
NUMBER(nvmlDeviceGetArchitecture, unsigned int, CALL_ARCHITECTURE, device.architecture)
NUMBER(nvmlDeviceGetEnforcedPowerLimit, unsigned int, CALL_LIMIT, device.limit_mw)
NUMBER(nvmlDeviceGetCurrentClocksEventReasons, unsigned long long, CALL_REASONS, device.event_reasons)
NUMBER(nvmlDeviceGetCurrentClocksThrottleReasons, unsigned long long, CALL_OLD_REASONS, device.event_reasons)
NUMBER(nvmlDeviceGetMaxMigDeviceCount, unsigned int, CALL_MIG, device.max_slices)

int nvmlDeviceGetPowerUsage(void *handle, unsigned int *milliwatts) {
    ENTER(handle, CALL_POWER);
    return read_power(handle, &device, milliwatts);
}
int nvmlDeviceGetTotalEnergyConsumption(void *handle, unsigned long long *millijoules) {
    ENTER(handle, CALL_ENERGY);
    struct device *shared = &state->devices[(char *)handle - handles];
    int64_t time = now_ns(), last = __atomic_exchange_n(&shared->last_energy_ns, time, __ATOMIC_RELAXED);
    if (last && (!shared->shortest_energy_gap_ns || time - last < shared->shortest_energy_gap_ns))
        shared->shortest_energy_gap_ns = time - last;
    *millijoules = counter_mj(&device, time);
    return SUCCESS;
}

struct field { uint32_t id, scope; int64_t timestamp, latency; uint32_t type; int32_t outcome; uint64_t value; };
int nvmlDeviceGetFieldValues(void *handle, int count, struct field *fields) {
    ENTER(handle, CALL_FIELDS);
    for (struct field *field = fields; field < fields + count; field++) {
        uint32_t small = 0;
        field->type = 1;  /* unsigned int */
        field->value = 0;
        field->timestamp = now_ns() / 1000;
        field->outcome = NOT_SUPPORTED;
        if (field->id == FIELD_INSTANT) {
            field->outcome = device.errors[CALL_INSTANT] ? device.errors[CALL_INSTANT] : read_power(handle, &device, &small);
        } else if (field->id == FIELD_AVERAGE) {
            field->outcome = device.errors[CALL_POWER] ? device.errors[CALL_POWER] : read_power(handle, &device, &small);
        } else if (field->id == FIELD_MEMORY_TEMPERATURE) {
            field->outcome = device.errors[CALL_MEMORY_TEMPERATURE];
            small = (uint32_t)device.memory_temperature;
        } else if (field->id == FIELD_ENERGY) {
            field->outcome = device.errors[CALL_ENERGY];
            field->type = 3;  /* unsigned long long */
            field->value = counter_mj(&device, now_ns());
        }
        if (field->type == 1) field->value = small;
        if (field->outcome) field->value = 0;
    }
    return SUCCESS;
}

int nvmlDeviceGetPowerManagementLimitConstraints(void *handle, unsigned int *low, unsigned int *high) {
    ENTER(handle, CALL_CONSTRAINTS);
    *low = device.max_limit_mw / 4;
    *high = device.max_limit_mw;
    return SUCCESS;
}
struct rates { unsigned int gpu, memory; };
int nvmlDeviceGetUtilizationRates(void *handle, struct rates *rates) {
    ENTER(handle, CALL_UTILIZATION);
    if (device.mig_enabled) return NOT_SUPPORTED;
    rates->gpu = device.utilization;
    rates->memory = device.memory_utilization;
    return SUCCESS;
}
struct old_memory { unsigned long long total, free, used; };
int nvmlDeviceGetMemoryInfo(void *handle, struct old_memory *memory) {
    ENTER(handle, CALL_OLD_MEMORY);
    memory->total = device.memory_total;
    memory->used = device.memory_used + device.memory_reserved;
    memory->free = memory->total - memory->used;
    return SUCCESS;
}
struct memory { unsigned int version; unsigned long long total, reserved, free, used; };
int nvmlDeviceGetMemoryInfo_v2(void *handle, struct memory *memory) {
    ENTER(handle, CALL_MEMORY);
    if (memory->version != 0x02000028) return ARGUMENT_VERSION_MISMATCH;
    memory->total = device.memory_total;
    memory->reserved = device.memory_reserved;
    memory->used = device.memory_used;
    memory->free = memory->total - memory->used - memory->reserved;
    return SUCCESS;
}
int nvmlDeviceGetTemperature(void *handle, unsigned int sensor, unsigned int *celsius) {
    ENTER(handle, CALL_OLD_TEMPERATURE);
    *celsius = (unsigned int)device.temperature;
    return sensor ? INVALID_ARGUMENT : SUCCESS;
}
struct temperature { unsigned int version, sensor; int celsius; };
int nvmlDeviceGetTemperatureV(void *handle, struct temperature *temperature) {
    ENTER(handle, CALL_TEMPERATURE);
    if (temperature->version != 0x100000C) return ARGUMENT_VERSION_MISMATCH;
    temperature->celsius = device.temperature;
    return SUCCESS;
}
int nvmlDeviceGetClockInfo(void *handle, unsigned int type, unsigned int *megahertz) {
    ENTER(handle, CALL_CLOCK);
    if (type != 1 && type != 2) return NOT_SUPPORTED;
    *megahertz = type == 1 ? device.sm_clock : device.memory_clock;
    return SUCCESS;
}
struct pci { char legacy[16]; unsigned int domain, bus, device, device_id, subsystem_id; char bus_id[32]; };
int nvmlDeviceGetPciInfo_v3(void *handle, struct pci *pci) {
    ENTER(handle, CALL_PCI);
    memset(pci, 0, sizeof *pci);
    pci->device_id = device.pci_device_id;
    memcpy(pci->bus_id, device.pci_bus_id, sizeof pci->bus_id);
    return SUCCESS;
}

int nvmlDeviceGetMigMode(void *handle, unsigned int *current, unsigned int *pending) {
    ENTER(handle, CALL_MIG);
    *current = *pending = device.mig_enabled;
    return SUCCESS;
}
int nvmlDeviceGetMigDeviceHandleByIndex(void *handle, unsigned int index, void **slice) {
    ENTER(handle, CALL_MIG_HANDLE);
    if (index >= device.max_slices) return INVALID_ARGUMENT;
    if (!device.mig_enabled || !device.slices[index].uuid[0]) return NOT_FOUND;
    *slice = &slice_handles[(char *)handle - handles][index];
    return SUCCESS;
}
struct attributes { unsigned int multiprocessors, copy, decoder, encoder, jpeg, ofa, gpu_slices, compute_slices;
                    unsigned long long memory_mb; };
int nvmlDeviceGetAttributes_v2(void *handle, struct attributes *attributes) {
    struct device device;
    uint32_t place;
    int refused = enter_slice(handle, CALL_ATTRIBUTES, &device, &place);
    if (refused) return refused;
    if (place == WHOLE) return NOT_SUPPORTED;
    memset(attributes, 0, sizeof *attributes);
    attributes->multiprocessors = device.slices[place].multiprocessors;
    attributes->gpu_slices = device.slices[place].gpu_slices;
    attributes->compute_slices = device.slices[place].compute_slices;
    return SUCCESS;
}

/* Without a buffer: how much room there must be. A MIG instance tells its own processes, its GPU all of them. */
struct process_info { unsigned int pid; unsigned long long memory; unsigned int gpu_instance, compute_instance; };
static int list_processes(void *handle, int call, uint32_t list, unsigned int *room, struct process_info *infos) {
    struct device device;
    uint32_t place, found = 0;
    int refused = enter_slice(handle, call, &device, &place);
    if (refused) return refused;
    if (place != WHOLE && device.errors[CALL_SLICE_PROCESSES]) return device.errors[CALL_SLICE_PROCESSES];
    for (uint32_t i = 0; i < device.running; i++) {
        const struct process *process = &device.processes[i];
        if (!(process->lists & list) || (place != WHOLE && process->slice != place)) continue;
        if (infos && found < *room)
            infos[found] = (struct process_info){process->pid, process->memory, process->slice, process->slice};
        found++;
    }
    int fits = found == 0 || (infos && found <= *room);
    *room = found;
    return fits ? SUCCESS : INSUFFICIENT_SIZE;
}
#define PROCESSES(function, call, list) \
    int function(void *handle, unsigned int *room, struct process_info *infos) { \
        return list_processes(handle, call, list, room, infos); \
    }
PROCESSES(nvmlDeviceGetComputeRunningProcesses_v3, CALL_COMPUTE_PROCESSES, COMPUTE)
PROCESSES(nvmlDeviceGetComputeRunningProcesses_v2, CALL_OLD_COMPUTE_PROCESSES, COMPUTE)
PROCESSES(nvmlDeviceGetGraphicsRunningProcesses_v3, CALL_GRAPHICS_PROCESSES, GRAPHICS)
PROCESSES(nvmlDeviceGetGraphicsRunningProcesses_v2, CALL_GRAPHICS_PROCESSES, GRAPHICS)
PROCESSES(nvmlDeviceGetMPSComputeRunningProcesses_v3, CALL_MPS_PROCESSES, MPS)
PROCESSES(nvmlDeviceGetMPSComputeRunningProcesses_v2, CALL_MPS_PROCESSES, MPS)

/* One row per process that was seen since: when it was seen last, and its part of all samples since. */
struct row { unsigned int pid; unsigned long long time_us; unsigned int sm, memory, encoder, decoder; };
static unsigned int sum_up(const struct device *d, uint64_t since_us, struct row *rows) {
    unsigned int count = 0, seen = 0;
    uint32_t kept = d->sampled < MAX_SAMPLES ? d->sampled : MAX_SAMPLES;
    for (uint32_t i = 0; i < kept; i++) {
        const struct sample *sample = &d->samples[i];
        struct row row = {sample->pid, sample->time_us, sample->sm, sample->memory, sample->encoder, sample->decoder};
        if (d->raw_samples) { rows[count++] = row; continue; }
        if (sample->time_us <= since_us) continue;
        seen++;
        unsigned int place = 0;
        while (place < count && rows[place].pid != row.pid) place++;
        if (place == count) { rows[count++] = row; continue; }
        rows[place].sm += row.sm;
        rows[place].memory += row.memory;
        if (row.time_us > rows[place].time_us) rows[place].time_us = row.time_us;
    }
    for (unsigned int i = 0; i < count && !d->raw_samples; i++) rows[i].sm /= seen, rows[i].memory /= seen;
    return count;
}
int nvmlDeviceGetProcessUtilization(void *handle, struct row *rows, unsigned int *room, unsigned long long since_us) {
    ENTER(handle, CALL_PROCESS_UTILIZATION);
    if (device.mig_enabled) return NOT_SUPPORTED;
    struct row found[MAX_SAMPLES];
    unsigned int count = sum_up(&device, since_us, found);
    unsigned int given = rows ? *room : 0;
    *room = rows ? count : MAX_SAMPLES; /* whatever there is: the first call names the whole ring */
    if (!rows || given < count) return INSUFFICIENT_SIZE;
    if (count == 0) return NOT_FOUND;
    memcpy(rows, found, count * sizeof *rows);
    return SUCCESS;
}
