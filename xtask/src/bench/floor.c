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

/* To its end, if it is a regular file. */
static void take(const char *path) {
  int file = open(path, O_RDONLY | O_NONBLOCK);
  if (file < 0) return;
  if (fstat(file, &status) == 0 && S_ISREG(status.st_mode)) while (read(file, bytes, sizeof bytes) > 0);
  close(file);
}

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
  EACH(take, path, "/proc/self/status", "/proc/self/mountinfo", "/proc/self/cgroup", "/etc/os-release", "/proc/cpuinfo",
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
  write(STDOUT_FILENO, bytes, 1024);
}

static void opted_out(const char *lib, char **folder) {
  char path[4096];
  take("/proc/self/mountinfo");
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
