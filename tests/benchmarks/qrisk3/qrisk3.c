/* QRISK3-2017 for the benchmark: the coefficients come from the package, one array a sex (see __main__.py).
   The formula is (c) 2017 ClinRisk Ltd., LGPL-3.0 with additional terms: see NOTICE. */
#include <math.h>
#include <stdint.h>

#define TERMS 35 /* as __main__.py lays them out: 8 continuous, 13 conditions, 9 ethnic groups, 5 levels of smoking */

typedef struct { double survival, term[TERMS][4]; } model; /* coefficient, times age_1, times age_2, centre */

typedef struct { /* columns of people, in the order of __main__.py */
    const uint8_t *is_female;
    const int64_t *age, *ethnicity, *smoking;
    const double *bmi, *measured[4];
    const uint8_t *condition[13];
} columns;

static double add(const double *t, double x, double age_1, double age_2)
{
    return (x - t[3]) * (t[0] + t[1] * age_1 + t[2] * age_2);
}

static double score(const model *m, const columns *of, long n)
{
    int female = of->is_female[n];
    double decades = of->age[n] / 10.0, bmi = of->bmi[n] / 10, inverse = 1 / (bmi * bmi);
    double age_1 = (female ? 1 / (decades * decades) : 1 / decades) - m->term[0][3];
    double age_2 = (female ? decades : decades * decades * decades) - m->term[1][3];
    double a = age_1 * m->term[0][0] + age_2 * m->term[1][0];
    a += add(m->term[2], inverse, age_1, age_2) + add(m->term[3], inverse * log(bmi), age_1, age_2);
    for (int i = 0; i < 4; i++) a += add(m->term[4 + i], of->measured[i][n], age_1, age_2);
    for (int i = 0; i < 13; i++) if (of->condition[i][n]) a += add(m->term[8 + i], 1, age_1, age_2);
    if (of->ethnicity[n] > 1) a += add(m->term[21 + of->ethnicity[n] - 1], 1, age_1, age_2);
    if (of->smoking[n] > 0) a += add(m->term[30 + of->smoking[n]], 1, age_1, age_2);
    return 100 * (1 - pow(m->survival, exp(a)));
}

void scores(const model *female, const model *male, long people, const columns *of, double *out)
{
    for (long n = 0; n < people; n++) out[n] = score(of->is_female[n] ? female : male, of, n);
}
