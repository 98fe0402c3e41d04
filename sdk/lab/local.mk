# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += %D%/run %D%/kernel %D%/lib.sh %D%/server.sh %D%/server-init %D%/server-lib.sh \
	%D%/guest-init %D%/packages.txt %D%/scenarios
