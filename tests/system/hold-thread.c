// SPDX-License-Identifier: Apache-2.0
/*
 * Keeps a process from ending: traces one of its threads until killed, and does not wait for it. Killed
 * meanwhile, the process is no more than a corpse that cannot be buried, as one is that a device or a
 * file system holds in the Linux kernel.
 *   hold-thread PID     the last one of its threads; "held" is printed when it is
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <unistd.h>

/* The thread of the highest number; 0: there is none. */
static int last_thread(const char *pid)
{
	char path[64];
	struct dirent *e;
	int last = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%.20s/task", pid);
	d = opendir(path);
	while (d && (e = readdir(d)))
		last = atoi(e->d_name) > last ? atoi(e->d_name) : last;
	if (d)
		closedir(d);
	return last;
}

int main(int argc, char **argv)
{
	int tid;

	if (argc != 2)
		return 2;
	tid = last_thread(argv[1]);
	if (!tid || tid == atoi(argv[1]) || ptrace(PTRACE_SEIZE, tid, 0, 0) < 0) {
		perror("hold-thread");
		return 1;
	}
	puts("held");
	fflush(stdout);
	pause();
	return 0;
}
