/* A stand-in for the management library of NVIDIA, for machines without a GPU: the few functions that are
 * asked, answering from the file that NVML_STUB names (none: as if the library were missing). It is read at
 * every question, so that a test can change the world while a node runs. Its lines:
 *
 *   init CODE                       what nvmlInit returns
 *   device TOTAL_MIB USED_MIB       a device, numbered in order; USED by strangers
 *   mig DEVICE TOTAL_MIB USED_MIB   a part of a device
 *   process DEVICE PID MIB          memory of a process
 *   children DEVICE MIB             every child of the process that asks holds so much
 *   fail DEVICE FUNCTION CODE       memory, load, temperature, processes, name or all of them return CODE
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SUCCESS = 0, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7 };
enum { DEVICES_MAX = 16, PROCESSES_MAX = 64, FAILURES_MAX = 16 };
static const unsigned long long MIB = 1024 * 1024;

struct device { unsigned long long total, used; int parent; };
struct process { int device; unsigned pid; unsigned long long bytes; };
struct failure { int device; char what[32]; int code; };

int nvml_stub = 1;

static struct world {
    int init, n_devices, n_processes, n_failures;
    struct device devices[DEVICES_MAX];
    struct process processes[PROCESSES_MAX];
    struct failure failures[FAILURES_MAX];
} world;

static void add_process(int device, unsigned pid, unsigned long long bytes) {
    if (world.n_processes < PROCESSES_MAX)
        world.processes[world.n_processes++] = (struct process){device, pid, bytes};
}

static void add_children(int device, unsigned long long bytes) {
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    while (proc && (entry = readdir(proc))) {
        char path[300], state;
        int parent;
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        FILE *stat = atoi(entry->d_name) ? fopen(path, "r") : NULL;
        if (!stat) continue;
        if (fscanf(stat, "%*d (%*[^)]) %c %d", &state, &parent) == 2 && parent == getpid() && state != 'Z')
            add_process(device, (unsigned)atoi(entry->d_name), bytes);
        fclose(stat);
    }
    if (proc) closedir(proc);
}

static void read_line(const char *line) {
    unsigned long long total, used;
    int device, code;
    unsigned pid;
    char what[32];
    if (sscanf(line, "init %d", &code) == 1) world.init = code;
    if (sscanf(line, "device %llu %llu", &total, &used) == 2 && world.n_devices < DEVICES_MAX)
        world.devices[world.n_devices++] = (struct device){total * MIB, used * MIB, -1};
    if (sscanf(line, "mig %d %llu %llu", &device, &total, &used) == 3 && world.n_devices < DEVICES_MAX)
        world.devices[world.n_devices++] = (struct device){total * MIB, used * MIB, device};
    if (sscanf(line, "process %d %u %llu", &device, &pid, &used) == 3) add_process(device, pid, used * MIB);
    if (sscanf(line, "children %d %llu", &device, &used) == 2) add_children(device, used * MIB);
    if (sscanf(line, "fail %d %31s %d", &device, what, &code) == 3 && world.n_failures < FAILURES_MAX) {
        struct failure *failure = &world.failures[world.n_failures++];
        failure->device = device;
        failure->code = code;
        strcpy(failure->what, what);
    }
}

static void look(void) {
    const char *path = getenv("NVML_STUB");
    FILE *file = path ? fopen(path, "r") : NULL;
    char line[256];
    memset(&world, 0, sizeof world);
    if (!file) { world.init = 12; return; }
    while (fgets(line, sizeof line, file)) read_line(line);
    fclose(file);
}

/* Handles are numbers from 1 on, so that none is NULL. */
static int number(void *handle) { return (int)(size_t)handle - 1; }

static int ask(void *handle, const char *what) {
    look();
    int at = number(handle);
    if (at < 0 || at >= world.n_devices) return INVALID_ARGUMENT;
    for (int i = 0; i < world.n_failures; i++) {
        struct failure *failure = &world.failures[i];
        if (failure->device == at && (!strcmp(failure->what, what) || !strcmp(failure->what, "all")))
            return failure->code;
    }
    return SUCCESS;
}

int nvmlInitWithFlags(unsigned flags) { (void)flags; look(); return world.init; }
int nvmlShutdown(void) { return SUCCESS; }
const char *nvmlErrorString(int code) {
    switch (code) {
        case 4: return "Insufficient Permissions";
        case 9: return "Driver Not Loaded";
        case 13: return "Function Not Found";
        case 15: return "GPU is lost";
        default: return "Unknown Error";
    }
}

int nvmlDeviceGetCount_v2(unsigned *count) {
    look();
    *count = 0;
    for (int i = 0; i < world.n_devices; i++) *count += world.devices[i].parent < 0;
    return SUCCESS;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **handle) {
    look();
    for (int i = 0; i < world.n_devices; i++)
        if (world.devices[i].parent < 0 && index-- == 0) {
            *handle = (void *)(size_t)(i + 1);
            return ask(*handle, "handle");
        }
    return INVALID_ARGUMENT;
}

int nvmlDeviceGetMigMode(void *handle, unsigned *current, unsigned *pending) {
    look();
    *current = 0;
    for (int i = 0; i < world.n_devices; i++) *current |= world.devices[i].parent == number(handle);
    *pending = *current;
    return SUCCESS;
}

int nvmlDeviceGetMaxMigDeviceCount(void *handle, unsigned *count) { (void)handle; *count = 7; return SUCCESS; }

int nvmlDeviceGetMigDeviceHandleByIndex(void *handle, unsigned index, void **part) {
    look();
    for (int i = 0; i < world.n_devices; i++)
        if (world.devices[i].parent == number(handle) && index-- == 0) {
            *part = (void *)(size_t)(i + 1);
            return SUCCESS;
        }
    return NOT_FOUND;
}

struct memory { unsigned long long total, free, used; };
int nvmlDeviceGetMemoryInfo(void *handle, struct memory *memory) {
    int code = ask(handle, "memory");
    if (code) return code;
    struct device *device = &world.devices[number(handle)];
    unsigned long long used = device->used;
    for (int i = 0; i < world.n_processes; i++)
        if (world.processes[i].device == number(handle)) used += world.processes[i].bytes;
    *memory = (struct memory){device->total, device->total > used ? device->total - used : 0, used};
    return SUCCESS;
}

int nvmlDeviceGetName(void *handle, char *name, unsigned length) {
    int code = ask(handle, "name");
    if (!code) snprintf(name, length, "Stub %d", number(handle));
    return code;
}

int nvmlDeviceGetUUID(void *handle, char *uuid, unsigned length) {
    int code = ask(handle, "name");
    int part = !code && world.devices[number(handle)].parent >= 0;
    if (!code) snprintf(uuid, length, "%s-%08d-stub", part ? "MIG" : "GPU", number(handle));
    return code;
}

struct utilisation { unsigned gpu, memory; };
int nvmlDeviceGetUtilizationRates(void *handle, struct utilisation *rates) {
    int code = ask(handle, "load");
    if (!code) *rates = (struct utilisation){42, 7};
    return code;
}

int nvmlDeviceGetTemperature(void *handle, unsigned sensor, unsigned *celsius) {
    int code = ask(handle, "temperature");
    (void)sensor;
    if (!code) *celsius = 61;
    return code;
}

struct running { unsigned pid; unsigned long long used; unsigned gpu_instance, compute_instance; };
int nvmlDeviceGetComputeRunningProcesses_v3(void *handle, unsigned *count, struct running *entries) {
    int code = ask(handle, "processes");
    unsigned room = *count, found = 0;
    if (code) return code;
    for (int i = 0; i < world.n_processes; i++)
        if (world.processes[i].device == number(handle)) {
            if (found < room && entries)
                entries[found] = (struct running){world.processes[i].pid, world.processes[i].bytes, 0, 0};
            found++;
        }
    *count = found;
    return found > room ? INSUFFICIENT_SIZE : SUCCESS;
}
