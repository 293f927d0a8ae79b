/* The unavoidable cost: the necessary system calls, with their answers ignored.
 *
 *     floor                the facts of a Linux machine, as system-info
 *     floor LIB CONFIG...  as the opted-out sender: the files in these config directories, and whether events wait
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

static char bytes[4096];
static struct stat status;

#define EACH(call, ...) do { \
    const char *paths[] = {__VA_ARGS__}; \
    for (unsigned i = 0; i < sizeof paths / sizeof *paths; i++) call(paths[i]); \
  } while (0)

static void look(const char *path) { lstat(path, &status); }
/* Whether the path exists, as a link or not. */
static int follow(const char *path) { return readlink(path, bytes, sizeof bytes) >= 0 || errno == EINVAL; }

/* To its end, if it is a regular file, as all of the kernel's own are. Where the kernel gives a file record by record, only an
 * empty read is its end. */
static void read_all(const char *path, int by_records) {
  int file = open(path, O_RDONLY | O_NONBLOCK);
  int of_the_kernel = strncmp(path, "/proc/", 6) == 0 || strncmp(path, "/sys/", 5) == 0;
  ssize_t got;
  if (file < 0) return;
  if (of_the_kernel || (fstat(file, &status) == 0 && S_ISREG(status.st_mode)))
    do got = read(file, bytes, sizeof bytes); while (got == sizeof bytes || (by_records && got > 0));
  close(file);
}

static void take(const char *path) { read_all(path, 0); }
static void take_records(const char *path) { read_all(path, 1); }

static void system_info(void) {
  struct utsname name;
  char path[300];
  uname(&name);
  EACH(look, "/proc/vz", "/.flatpak-info", "/.singularity.d", "/run/.containerenv", "/.dockerenv", "/proc/xen",
    "/run/host/container-manager", "/run/systemd/container", "/sys/fs/cgroup/kubepods.slice", "/sys/fs/cgroup/kubepods",
    "/sys/fs/cgroup/systemd/kubepods.slice", "/sys/fs/cgroup/systemd/kubepods",
    "/sys/bus/acpi/devices/VMGENCTR:00", "/sys/bus/acpi/devices/QEMU0002:00");
  EACH(follow, "/proc/self/ns/pid", "/proc/self/ns/cgroup");
  snprintf(path, sizeof path, "/proc/%d/comm", getppid());
  EACH(take_records, "/proc/self/mountinfo", "/proc/cpuinfo");
  EACH(take, path, "/proc/self/status", "/proc/self/cgroup", "/etc/os-release",
    "/sys/class/dmi/id/sys_vendor", "/sys/class/dmi/id/product_name", "/sys/class/dmi/id/product_version",
    "/sys/class/dmi/id/board_vendor", "/sys/class/dmi/id/bios_vendor", "/sys/class/dmi/id/chassis_asset_tag",
    "/sys/hypervisor/type", "/sys/devices/system/cpu/sev/vmpl", "/sys/devices/system/cpu/online",
    "/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq", "/proc/meminfo", "/proc/device-tree/model");
  DIR *disks = opendir("/sys/block");
  for (struct dirent *disk; disks && (disk = readdir(disks));) {
    if (strspn(disk->d_name, "vsnmx") == 0) continue;
    snprintf(path, sizeof path, "/sys/block/%s/size", disk->d_name);
    take(path);
  }
  if (disks) closedir(disks);
  take("/proc/net/route");
  if (sscanf(strchr(bytes, '\n') ? strchr(bytes, '\n') : "", " %15s", name.machine) == 1) {
    snprintf(path, sizeof path, "/sys/class/net/%s/operstate", name.machine);
    take(path);
  }
  take_records("/proc/net/fib_trie");
  write(STDOUT_FILENO, bytes, 1024);
}

static void opted_out(const char *lib, char **folder) {
  char path[4096];
  take_records("/proc/self/mountinfo");
  for (; *folder; folder++) {
    /* A link in the path may lead to a hung file system. */
    int there = 1;
    for (char *end = *folder; (end = strchr(end + 1, '/')); *end = '/') {
      *end = 0;
      there = there && follow(*folder);
    }
    if (there) follow(*folder);
    snprintf(path, sizeof path, "%s/.opt-out-from-anonymous-statistics", *folder);
    look(path);
  }
  snprintf(path, sizeof path, "%s/anonymous-statistics", lib);
  int state = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (state >= 0) close(state);
}

int main(int count, char **words) {
  if (count == 1) system_info();
  else opted_out(words[1], words + 2);
  return 0;
}
