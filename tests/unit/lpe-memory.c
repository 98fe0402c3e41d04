// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/lpe-memory.h"

#include <errno.h>
#include <string.h>

#include <vmhi-model/model.h>

int model_dma_read(struct model *m, uint64_t iova, void *buf, size_t n)
{
	const uint8_t *from = lpe_memory(iova, n);

	if (!from)
		return -EFAULT;
	memcpy(buf, from, n);
	return 0;
}

int model_dma_write(struct model *m, uint64_t iova, const void *buf, size_t n)
{
	uint8_t *to = lpe_memory(iova, n);

	if (!to)
		return -EFAULT;
	memcpy(to, buf, n);
	return 0;
}

/* What the card logs is for people; a test asks the completions. */
void model_log(const char *fmt, ...)
{
}
