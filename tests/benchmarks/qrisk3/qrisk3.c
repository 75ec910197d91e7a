/* QRISK3-2017 for the benchmark: the coefficients come from the package, one array a sex (see __main__.py).
   The formula is (c) 2017 ClinRisk Ltd., LGPL-3.0 with additional terms: see NOTICE. */
#include <math.h>

#define TERMS 34 /* as __main__.py lays them out: 8 continuous, 13 conditions, 9 ethnic groups, 4 of smoking */

typedef struct { double survival, term[TERMS][4]; } model; /* coefficient, times age_1, times age_2, centre */

static double add(const double *t, double x, double age_1, double age_2)
{
    return (x - t[3]) * (t[0] + t[1] * age_1 + t[2] * age_2);
}

static double score(const model *m, int female, const double *x)
{
    double decades = x[0] / 10, bmi = x[3] / 10, inverse = 1 / (bmi * bmi);
    double age_1 = (female ? 1 / (decades * decades) : 1 / decades) - m->term[0][3];
    double age_2 = (female ? decades : decades * decades * decades) - m->term[1][3];
    double a = age_1 * m->term[0][0] + age_2 * m->term[1][0];
    a += add(m->term[2], inverse, age_1, age_2) + add(m->term[3], inverse * log(bmi), age_1, age_2);
    for (int i = 0; i < 4; i++) a += add(m->term[4 + i], x[4 + i], age_1, age_2);
    for (int i = 0; i < 13; i++) if (x[8 + i] != 0) a += add(m->term[8 + i], 1, age_1, age_2);
    if (x[1] > 1) a += add(m->term[21 + (int)x[1] - 1], 1, age_1, age_2);
    if (x[2] > 0) a += add(m->term[30 + (int)x[2] - 1], 1, age_1, age_2);
    return 100 * (1 - pow(m->survival, exp(a)));
}

/* sex: 1 female; x: 21 inputs a person in the order of INPUTS. */
void scores(const model *female, const model *male, long people, const char *sex, const double *x, double *out)
{
    for (long i = 0; i < people; i++) out[i] = score(sex[i] ? female : male, sex[i], x + 21 * i);
}
