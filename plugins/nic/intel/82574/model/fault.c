// SPDX-License-Identifier: Apache-2.0
/*
 * What goes wrong with this card or its cable, by commands beside those of every model:
 *   tx hang Q         transmit queue Q stands still until the next reset
 *   tx collisions N   the next N frames sent meet too many collisions
 *   rx crc N          the next N frames received have a wrong FCS
 *   rx short N        or end before their 64th byte, with a right one
 *   rx symbol N       or have an invalid symbol in them
 */
#include "card.h"

#include <stdio.h>
#include <string.h>

bool fault_command(void *card, const char *line)
{
	static const struct {
		const char *name;
		uint32_t counter;
	} kinds[] = {{"crc", S_CRCERRS}, {"short", S_RUC}, {"symbol", S_RXERRC}};
	struct card *c = card;
	char kind[8];
	unsigned int n;

	if (sscanf(line, "tx hang %u", &n) == 1 && n < QUEUES) {
		c->fault.hung |= 1u << n;
		return true;
	}
	if (sscanf(line, "tx collisions %u", &n) == 1) {
		c->fault.send = n;
		return true;
	}
	for (int i = 0; i < 3 && sscanf(line, "rx %7s %u", kind, &n) == 2; i++) {
		if (strcmp(kind, kinds[i].name))
			continue;
		c->fault.receive = n;
		c->fault.counter = kinds[i].counter;
		return true;
	}
	return false;
}

bool fault_tx(struct card *c)
{
	if (!c->fault.send)
		return false;
	c->fault.send--;
	stats_add(c, S_ECOL, 1);
	return true;
}

bool fault_rx(struct card *c)
{
	if (!c->fault.receive)
		return false;
	c->fault.receive--;
	stats_add(c, c->fault.counter, 1);
	return true;
}
