# SPDX-License-Identifier: Apache-2.0
# Only the plain boots of this scenario come here: stay until the power button.
echo "lab: up"
sleep 600
