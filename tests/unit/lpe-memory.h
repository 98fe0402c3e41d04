/* SPDX-License-Identifier: Apache-2.0 */
/* What parts of the LPe31000 model are linked with in place of the model framework: DMA, the log. */
#ifndef TESTS_UNIT_LPE_MEMORY_H
#define TESTS_UNIT_LPE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* The test's own: its host's memory at iova, NULL unless all n bytes are there. */
uint8_t *lpe_memory(uint64_t iova, size_t n);

#endif
