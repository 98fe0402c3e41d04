/* SPDX-License-Identifier: Apache-2.0 */
/* The main() of a CUnit program: a table of tests, a summary, exit status 1 if any failed. */
#ifndef TESTS_CUNIT_H
#define TESTS_CUNIT_H

#include <CUnit/Basic.h>

struct unit_test {
	const char *name;
	void (*fn)(void);
};

static inline int unit_main(const char *suite_name, const struct unit_test *tests, int n)
{
	CU_pSuite suite;
	unsigned int failed;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 2;
	suite = CU_add_suite(suite_name, NULL, NULL);
	for (int i = 0; i < n; i++)
		if (!suite || !CU_add_test(suite, tests[i].name, tests[i].fn))
			return 2;
	CU_basic_set_mode(CU_BRM_NORMAL);
	CU_basic_run_tests();
	failed = CU_get_number_of_tests_failed();
	CU_cleanup_registry();
	return failed ? 1 : 0;
}

#define UNIT_MAIN(suite, tests)                                                                    \
	int main(void)                                                                             \
	{                                                                                          \
		return unit_main(suite, tests, (int)(sizeof(tests) / sizeof((tests)[0])));         \
	}

#endif
