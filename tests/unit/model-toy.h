/* SPDX-License-Identifier: Apache-2.0 */
/* A card made up to test the model framework with, served to a raw client. */
#ifndef TESTS_MODEL_TOY_H
#define TESTS_MODEL_TOY_H

#include <vmhi-model/model.h>

#include "tests/unit/cunit.h"
#include "tests/unit/model-client.h"

#define MEM_READ_WRITE 3
#define EVENTFD_TRIGGER 0x24
#define NONE_TRIGGER 0x21
#define NONE_MASK 0x09
#define NONE_UNMASK 0x11
#define MSIX 2
#define CONFIG 7

/* The card: a scratch register, a buffer, a DMA engine for it, and a doorbell page. */
#define R_SCRATCH 0x4
#define R_IOVA 0x10
#define R_LENGTH 0x18
#define R_GO 0x1c	/* 1: read memory into the buffer, 2: write it out, 3: read later */
#define R_RESULT 0x20
#define R_RAISE 0x24
#define R_BUFFER 0x1000
#define SHARED 0x8000

struct toy {
	struct model_loop *loop;
	struct model *m;
	struct mc_loop thread;
	struct model_timer later;
	uint32_t scratch, length, resets;
	uint64_t iova;
	int result;
	uint8_t buffer[4096];
	uint8_t *shared;
	struct mc c;
};

extern const struct model_ops toy_ops;
extern const struct model_pci toy_pci;

/* A card without a client, its loop not running. */
struct toy *toy_new(void);
/* A card with a client, its loop running on a thread of its own. */
struct toy *toy_start(void);
/* And its version negotiated. */
struct toy *toy_start_negotiated(void);
void toy_stop(struct toy *t);
void toy_connect(struct toy *t);

#endif
