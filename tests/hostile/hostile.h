/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <vmhi/core.h>

int hostile(const struct vmhi_host *host, vmhi_hc hc);

#endif
