// SPDX-License-Identifier: Apache-2.0
/*
 * Commands to models and to the programs beside them, for scripts: reads lines "NAME COMMAND" until
 * its input ends and sends each COMMAND in a datagram to DIR/NAME.
 *
 *   switches DIR
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static void pass_on(int s, const char *dir, char *line)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	char *command = strchr(line, ' ');

	line[strcspn(line, "\r\n")] = 0;
	if (!command) {
		fprintf(stderr, "switches: no NAME COMMAND: %s\n", line);
		return;
	}
	*command++ = 0;
	if (snprintf(to.sun_path, sizeof(to.sun_path), "%s/%s", dir, line) >= (int)sizeof(to.sun_path))
		fprintf(stderr, "switches: %s/%s: too long for a socket's path\n", dir, line);
	else if (sendto(s, command, strlen(command), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		fprintf(stderr, "switches: %s: %s: %m\n", to.sun_path, command);
	else
		fprintf(stderr, "switches: %s: %s\n", line, command);
}

int main(int argc, char **argv)
{
	int s = socket(AF_UNIX, SOCK_DGRAM, 0);
	char line[512];

	if (argc != 2 || s < 0) {
		fprintf(stderr, "usage: switches DIR <LINES\n");
		return 2;
	}
	while (fgets(line, sizeof(line), stdin))
		pass_on(s, argv[1], line);
	return 0;
}
