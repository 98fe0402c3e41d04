/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of admission share among themselves. */
#ifndef KERNEL_ADMISSION_INTERNAL_H
#define KERNEL_ADMISSION_INTERNAL_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/admission/admission.h"

#define ADMISSION_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

#endif
