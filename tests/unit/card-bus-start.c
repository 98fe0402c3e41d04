// SPDX-License-Identifier: Apache-2.0
/* Starts and ends the model's program for a test. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/card-bus.h"

#define PROGRAM "plugins/nic/intel/82574/model/82574-model"

static pid_t pid;
static char socket_path[96];

const char *card_start_model(void)
{
	char wire[256];

	if (card_wire_open())
		return NULL;
	snprintf(socket_path, sizeof(socket_path), "%.60s/vfio-user", card_wire.dir);
	snprintf(wire, sizeof(wire), "dgram:%s,%s", card_wire.card, card_wire.peer);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(PROGRAM, PROGRAM, "--socket", socket_path, "--wire", wire, "--mac",
		      "52:54:00:12:34:56", (char *)NULL);
		perror(PROGRAM);
		_exit(127);
	}
	for (int i = 0; i < 500 && pid > 0; i++) {
		if (access(socket_path, F_OK) == 0)
			return socket_path;
		usleep(10000);
	}
	return NULL;
}

bool card_cable(bool up)
{
	return kill(pid, up ? SIGUSR2 : SIGUSR1) == 0;
}

void card_stop_model(void)
{
	int status = 0;

	kill(pid, SIGTERM);
	waitpid(pid, &status, 0);
	card_wire_close();
	if (status) {
		fprintf(stderr, "%s ended with status 0x%x\n", PROGRAM, status);
		exit(1);
	}
}
