# SPDX-License-Identifier: Apache-2.0
# Fibre Channel: frames and their wire, sequences, exchanges and logins, for fabric, target and cards.
libvmhi_model_a_SOURCES += %D%/frame.c %D%/wire.c %D%/sequence.c %D%/exchange.c %D%/exchange.h \
	%D%/els.c %D%/els.h %D%/name.c %D%/name.h %D%/program.c %D%/program.h

include %D%/fabric/local.mk
include %D%/target/local.mk
