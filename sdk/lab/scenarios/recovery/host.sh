# SPDX-License-Identifier: Apache-2.0
# The far end: a transfer server on this machine, which the virtual server sees as 10.0.2.2.
set -e
port=$("$LAB_BUILD/sdk/lab/xfer-server" 127.0.0.1 0)
echo "XFER_PORT=$port"
