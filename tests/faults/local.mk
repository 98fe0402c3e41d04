# SPDX-License-Identifier: Apache-2.0
noinst_PROGRAMS += tests/faults/campaign
tests_faults_campaign_SOURCES = %D%/campaign.c %D%/inject.c %D%/inject.h %D%/rig.c %D%/rig.h \
	%D%/target.c %D%/target.h
tests_faults_campaign_LDADD = libkernel.a $(JANSSON_LIBS)
