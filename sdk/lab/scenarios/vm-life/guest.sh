# SPDX-License-Identifier: Apache-2.0
# Only the plain boots of this scenario come here: stay until the power button.
modprobe evdev
modprobe button
while [ ! -e /dev/input/event0 ]; do
	sleep 0.1
done
echo "lab: up"
head -c 24 /dev/input/event0 >/dev/null # blocks until an event is there
