/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs fc-fabric and fc-target share. */
#ifndef SDK_MODELS_FC_PROGRAM_H
#define SDK_MODELS_FC_PROGRAM_H

#include <vmhi-model/loop.h>

/* Runs the loop until SIGTERM or SIGINT, which are blocked from now on. The exit status: 0, or 1
 * when the loop failed; the log says why. */
int fc_program_run(struct model_loop *l);

#endif
