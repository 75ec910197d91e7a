-- The tier of every person of a delivery in hand-tuned DuckDB SQL. `floor.py` fills in the names in braces and says what this is for.
-- Readings and features mean what contracts/person_feature.odcs.yaml says; the tiers are those of
-- phm/cohorts/library/possible_undiagnosed_hypertension.yaml with its default settings.

create table code as
  from read_csv('${code_lists}', columns = {concept: varchar, code: varchar, term: varchar, coding_system: varchar});

create type concept as enum (select distinct concept from code);

create table register as
  from read_csv('${delivery}/gp_register/*.csv', header = true, auto_detect = false, columns = {
    extract_date: date, practice_code: varchar, nhs_number: bigint, date_of_birth: date, sex: varchar,
    ethnicity_code: varchar, lsoa_code: varchar, registration_date: date, deregistration_date: date, death_date: date,
    contact_preference: varchar, is_safe_to_text: boolean, interpreter_language: varchar,
    reasonable_adjustment: varchar, last_contact_date: date, invitation_count: bigint, next_appointment_date: date,
    usual_clinician: varchar, has_type_1_opt_out: boolean, has_national_data_opt_out: boolean});

create table event as
  select practice_code, nhs_number, record_id, parent_record_id, event_date, concept, value, source
  from read_csv('${delivery}/gp_event/*.csv', header = true, auto_detect = false, columns = {
    practice_code: varchar, nhs_number: bigint, record_id: bigint, parent_record_id: bigint, event_date: date,
    snomed_code: varchar, value: double, source: varchar})
  join (select code, concept::concept as concept from code where coding_system = 'snomed_ct') on code = snomed_code
  where event_date <= date '${reference_date}';

create table issue as
  select nhs_number, issue_date as event_date, concept
  from read_csv('${delivery}/gp_medication/*.csv', header = true, auto_detect = false, columns = {
    practice_code: varchar, nhs_number: bigint, record_id: bigint, issue_date: date, dmd_code: varchar})
  join (select code, concept::concept as concept from code where coding_system = 'dmd') on code = dmd_code
  where issue_date <= date '${reference_date}';

create table attendance as
  select nhs_number, arrival_date
  from read_csv('${delivery}/emergency_attendance.csv', header = true, auto_detect = false, columns = {
    attendance_id: varchar, nhs_number: bigint, arrival_date: date, provider_code: varchar,
    department_type: varchar})
  where arrival_date <= date '${reference_date}';

create table practice as
  select m.PRACTICE_CODE as practice_code, m.PCN_CODE as pcn_code, m.ICB_CODE as icb_code,
         coalesce(p.Locality_Code, m.SUB_ICB_LOCATION_CODE) as place_code
  from read_csv('${delivery}/gp-reg-pat-prac-map.csv', header = true, all_varchar = true) m
  left join (${places}) p
    on p.Practice_Code = m.PRACTICE_CODE;

create table area as
  select "LSOA code (2021)" as lsoa_code, "Index of Multiple Deprivation (IMD) Score"::double as imd_score,
         "Index of Multiple Deprivation (IMD) Decile (where 1 is most deprived 10% of LSOAs)"::bigint as imd_decile
  from read_csv('${delivery}/imd_2025_file_7.csv', header = true, all_varchar = true);

create table half as
  select practice_code, nhs_number, record_id, parent_record_id, event_date, source,
         concept in ('bp_systolic_clinic', 'bp_systolic_home_average', 'bp_systolic_ambulatory_average') as is_systolic,
         case when concept in ('bp_systolic_home_average', 'bp_diastolic_home_average') then 'home'
              when concept in ('bp_systolic_ambulatory_average', 'bp_diastolic_ambulatory_average') then 'ambulatory'
              when source = 'hospital' then 'acute_hospital' when source = 'maternity' then 'maternity'
              else 'clinic' end as setting,
         round(value)::bigint as value
  from event
  where concept in ('bp_systolic_clinic', 'bp_systolic_home_average', 'bp_systolic_ambulatory_average',
                    'bp_diastolic_clinic', 'bp_diastolic_home_average', 'bp_diastolic_ambulatory_average');

create table reading as
  with paired as (
    select nhs_number, event_date, setting, min(source) as source,
           max(value) filter (is_systolic) as systolic, max(value) filter (not is_systolic) as diastolic
    from half where parent_record_id is not null
    group by practice_code, parent_record_id, nhs_number, event_date, setting
    union all
    select s.nhs_number, s.event_date, s.setting, s.source, s.value, d.value
    from half s join half d
      on d.practice_code = s.practice_code and d.nhs_number = s.nhs_number and d.event_date = s.event_date
     and d.setting = s.setting and d.record_id = s.record_id + 1
    where s.is_systolic and not d.is_systolic and s.parent_record_id is null and d.parent_record_id is null)
  from paired
  where systolic between 50 and 300 and diastolic between 20 and 200 and systolic > diastolic;

create table maternity_period as
  select p.nhs_number, p.event_date as start_date,
         coalesce(min(d.event_date), (p.event_date + interval 280 day)::date) as end_date
  from event p left join event d
    on d.concept = 'delivery' and d.nhs_number = p.nhs_number and d.event_date >= p.event_date
   and d.event_date <= p.event_date + interval 280 day
  where p.concept = 'pregnancy' group by p.nhs_number, p.event_date
  union all
  select nhs_number, event_date, (event_date + interval 56 day)::date from event where concept = 'delivery';

create table maternal as
  select r.nhs_number, max_by({'day': event_date, 'systolic': systolic, 'diastolic': diastolic},
                              (event_date - date '1900-01-01') * 10000000
                              + ((systolic >= 160 or diastolic >= 110)::int + (systolic >= 140 or diastolic >= 90)::int) * 1000000
                              + systolic * 1000 + diastolic) as highest
  from reading r left join (select distinct nhs_number from maternity_period) m using (nhs_number)
  where setting = 'maternity' or (m.nhs_number is not null and exists (
    from maternity_period p where p.nhs_number = r.nhs_number and event_date between start_date and end_date))
  group by r.nhs_number;

create table daily as
  with lowest as (
    select nhs_number, event_date, setting, min(systolic * 1000 + diastolic) as pair, min(source) as source
    from reading r
    where setting <> 'maternity' and not (
      nhs_number in (select nhs_number from maternity_period) and exists (
        from maternity_period p where p.nhs_number = r.nhs_number and event_date between start_date and end_date))
    group by all),
  pressure as (
    select nhs_number, event_date, setting, source, pair // 1000 as systolic, pair % 1000 as diastolic,
           setting in ('home', 'ambulatory') as is_average
    from lowest)
  select *, case when is_average
                 then (systolic >= 135 or diastolic >= 85)::int + (systolic >= 150 or diastolic >= 95)::int
                      + (systolic >= 170 or diastolic >= 115)::int
                 else (systolic >= 140 or diastolic >= 90)::int + (systolic >= 160 or diastolic >= 100)::int
                      + (systolic >= 180 or diastolic >= 120)::int end as level,
         ((event_date - date '1900-01-01') * 10 + level) * 10
           + case setting when 'ambulatory' then 4 when 'home' then 3 when 'clinic' then 2 else 1 end as key
  from pressure;

create table pressure_feature as
  select nhs_number,
         max_by({'day': event_date, 'systolic': systolic, 'diastolic': diastolic, 'setting': setting,
                  'source': source, 'level': level}, key) as latest,
         max_by({'day': event_date, 'systolic': systolic, 'diastolic': diastolic, 'setting': setting,
                  'level': level}, key) filter (is_average) as average,
         max_by({'day': event_date, 'systolic': systolic, 'diastolic': diastolic}, key)
           filter (not is_average and level >= 1) as clinic_raised,
         max_by({'day': event_date, 'systolic': systolic, 'diastolic': diastolic, 'setting': setting}, key)
           filter (level >= 2) as stage_2,
         min(event_date) filter (not is_average and level >= 1) as first_clinic_raised_date,
         max(event_date) filter (not is_average and level >= 2) as latest_clinic_stage_2_date,
         count(distinct event_date) filter (level >= 1 and event_date > date '${months_24}') as raised_day_count_24m
  from daily group by nhs_number;

create table record_feature as
  select nhs_number, ${latest_dates},
         ${latest_values},
         max_by({'day': event_date, 'concept': concept}, (event_date - date '1900-01-01') * 10
                + case concept when 'smoking_current' then 2 when 'smoking_ex' then 1 else 0 end)
           filter (concept in ('smoking_never', 'smoking_ex', 'smoking_current')) as smoking,
         max_by({'day': event_date, 'concept': concept}, (event_date - date '1900-01-01') * 10
                + case concept when 'activity_inactive' then 3 when 'activity_moderately_inactive' then 2
                               when 'activity_moderately_active' then 1 else 0 end)
           filter (concept in ('activity_active', 'activity_moderately_active', 'activity_moderately_inactive',
                               'activity_inactive')) as physical_activity,
         max((event_date - date '1900-01-01') * 10
             + case when concept = 'smoking_light' then 1 when concept = 'smoking_moderate' then 2
                    when concept = 'smoking_heavy' then 3 when value >= 20 then 3 when value >= 10 then 2
                    when value >= 1 then 1 else 0 end)
           filter (concept in ('smoking_light', 'smoking_moderate', 'smoking_heavy', 'cigarettes_per_day')) % 10
           as smoking_intensity,
         max(event_date) filter (concept = 'cancer') > date '${months_60}' as has_cancer_5y,
         count(distinct event_date) filter (concept = 'inr' and event_date > date '${months_6}') as inr_day_count_6m,
         max(value) filter (concept = 'cvd_risk_score') as highest_cvd_risk_score
  from event where concept not in ('bp_systolic_clinic', 'bp_diastolic_clinic')
  group by nhs_number;

-- Since when the latest eGFR, albumin:creatinine ratio or HbA1c has been abnormal.
create table run_feature as
  with result as (
    select nhs_number, concept, event_date, min(value) as value,
           case concept when 'egfr' then min(value) < 60 when 'acr' then min(value) >= 3 else min(value) >= 48 end
             as is_abnormal
    from event where concept in ('egfr', 'acr', 'hba1c') and value is not null
    group by nhs_number, concept, event_date),
  run as (
    select nhs_number, concept, max(event_date) as last_date,
           min(event_date) filter (event_date > normal_date or normal_date is null) as since_date
    from (select *, max(event_date) filter (not is_abnormal) over (partition by nhs_number, concept) as normal_date
          from result
          where (nhs_number, concept) in (select (nhs_number, concept) from result where is_abnormal))
    group by nhs_number, concept)
  select nhs_number,
         max({'since': since_date, 'days': last_date - since_date}) filter (concept = 'egfr') as low_egfr,
         max({'since': since_date, 'days': last_date - since_date}) filter (concept = 'acr') as high_acr,
         max({'since': since_date, 'days': last_date - since_date}) filter (concept = 'hba1c') as high_hba1c
  from run where since_date is not null group by nhs_number;

-- How systolic readings in the clinic vary over five years.
create table variation_feature as
  select nhs_number, count(*) as systolic_day_count_5y, round(stddev_samp(systolic), 2) as systolic_sd_5y
  from (select nhs_number, event_date, min(systolic) as systolic from reading r
        where setting = 'clinic' and event_date > date '${months_60}' and not (
          nhs_number in (select nhs_number from maternity_period) and exists (
            from maternity_period p where p.nhs_number = r.nhs_number and event_date between start_date and end_date))
        group by nhs_number, event_date)
  group by nhs_number;

create table medicine_feature as
  select nhs_number,
         count(*) filter (is_bp_drug and event_date > date '${months_6}') as bp_drug_issue_count_6m,
         count(*) filter (is_bp_drug and event_date > date '${months_12}') as bp_drug_issue_count_12m,
         (count(*) filter (concept in ('ace_inhibitor', 'arb') and event_date > date '${months_6}') > 0)::int
           + (count(*) filter (concept = 'dihydropyridine_ccb' and event_date > date '${months_6}') > 0)::int
           + (count(*) filter (concept = 'thiazide_like' and event_date > date '${months_6}') > 0)::int
           as bp_drug_class_count_6m,
         max(event_date) filter (is_bp_drug) as latest_bp_drug_date,
         max(event_date) filter (concept in ('ace_inhibitor', 'arb')) as latest_ace_inhibitor_or_arb_date,
         max(event_date) filter (concept = 'oral_anticoagulant') as latest_anticoagulant_date,
         count(*) filter (concept = 'antiplatelet' and event_date > date '${months_6}') > 0 as has_antiplatelet,
         count(*) filter (concept = 'oral_steroid' and event_date > date '${months_3}') > 0 as has_oral_steroid,
         count(*) filter (concept = 'oral_steroid' and event_date > date '${months_6}') >= 2
           as has_regular_corticosteroid,
         count(*) filter (concept = 'atypical_antipsychotic' and event_date > date '${months_6}') >= 2
           as has_regular_atypical_antipsychotic,
         count(*) filter (concept = 'statin' and event_date > date '${months_12}') > 0 as has_statin,
         count(*) filter (concept = 'combined_contraceptive' and event_date > date '${months_6}') > 0
           as has_combined_contraceptive,
         count(*) filter (concept = 'drug_raising_bp' and event_date > date '${months_3}') > 0 as has_drug_raising_bp
  from (select *, concept in ('ace_inhibitor', 'arb', 'dihydropyridine_ccb', 'thiazide_like') as is_bp_drug from issue)
  group by nhs_number;

create table attendance_feature as
  select nhs_number, count(*) filter (arrival_date > date '${months_12}') as emergency_attendance_count_12m,
         max(arrival_date) as latest_emergency_attendance_date
  from attendance group by nhs_number;

create table person_feature as
  with person as (
    select * from register
    qualify row_number() over (partition by nhs_number order by coalesce(deregistration_date <= date '${reference_date}', false),
      registration_date desc, practice_code) = 1)
  select person.*, pcn_code, place_code, icb_code, imd_score, imd_decile, (imd_decile + 1) // 2 as imd_quintile,
         date_sub('year', date_of_birth, date '${reference_date}') as age,
         date_sub('month', registration_date, date '${reference_date}') as registered_months,
         deregistration_date is null or deregistration_date > date '${reference_date}' as is_registered,
         death_date is null or death_date > date '${reference_date}' as is_alive,
         pressure_feature.* exclude (nhs_number), maternal.highest as maternity_bp,
         record_feature.* exclude (nhs_number),
         coalesce(bp_drug_issue_count_6m, 0) as issues_6m, coalesce(bp_drug_issue_count_12m, 0) as issues_12m,
         medicine_feature.* exclude (nhs_number, bp_drug_issue_count_6m, bp_drug_issue_count_12m),
         run_feature.* exclude (nhs_number), variation_feature.* exclude (nhs_number),
         coalesce(emergency_attendance_count_12m, 0) as emergency_attendance_count_12m,
         latest_emergency_attendance_date,
         diabetes is not null and not coalesce(diabetes_resolved > diabetes, false) as has_diabetes,
         albuminuria is not null or coalesce(acr.value >= 3, false) as has_albuminuria,
         coalesce(pregnancy >= date '${reference_date}' - interval 280 day, false)
           and not coalesce(delivery >= pregnancy, false) as is_pregnant,
         coalesce(delivery >= date '${reference_date}' - interval 56 day, false) as is_postpartum
  from person
  left join practice using (practice_code) left join area using (lsoa_code)
  left join pressure_feature using (nhs_number) left join maternal using (nhs_number)
  left join record_feature using (nhs_number) left join medicine_feature using (nhs_number)
  left join run_feature using (nhs_number) left join variation_feature using (nhs_number)
  left join attendance_feature using (nhs_number);

copy (
  with judged as (
    select *, coalesce(latest.level = 3 and not coalesce(bp_assessment > latest.day, false), false) as is_severe,
           latest.day > date '${months_24}' as is_recent,
           issues_6m >= 1 and issues_12m >= 2 and ischaemic_heart_disease is null and heart_failure is null
             and atrial_fibrillation is null and ckd is null and not (has_diabetes and has_albuminuria)
             and stroke_tia is null and migraine is null and raynauds is null and aortopathy is null as is_treated,
           has_diabetes or has_albuminuria or ckd is not null or ischaemic_heart_disease is not null
             or stroke_tia is not null
             or heart_failure is not null or peripheral_arterial_disease is not null or organ_damage is not null
             or coalesce(egfr.value < 60, false) or coalesce(bmi.value >= 35, false)
             or coalesce(ethnicity_code in ('M', 'N', 'P'), false) as is_high_risk
    from person_feature
    where is_registered and is_alive and age between 30 and 50),
  listed as (
    from judged
    where not (hypertension is not null and not coalesce(hypertension_resolved > hypertension, false))
      and palliative_care is null and not is_pregnant and not is_postpartum
      and not coalesce(average.level = 0 and average.day > date '${months_12}'
                       and average.day >= first_clinic_raised_date
                       and not coalesce(latest_clinic_stage_2_date > average.day, false), false)
      and (is_severe or not (white_coat_hypertension is not null
           or coalesce(bp_in_progress >= date '${reference_date}' - interval 56 day, false)
           or coalesce(bp_declined > date '${months_12}' and coalesce(stage_2.day, date '1900-01-01') <= bp_declined, false))))
  select nhs_number, practice_code, case
    when is_severe and date '${reference_date}' - latest.day <= 7 then 'severe_recent'
    when is_severe then 'severe_unresolved'
    when average.level >= 1 and first_clinic_raised_date <= average.day
      and average.day > date '${months_24}' then 'confirmed_not_coded'
    when is_treated then 'treated_not_coded'
    when is_recent and latest.level >= 2 then 'stage_2'
    when is_recent and latest.level >= 1 and is_high_risk then 'stage_1_high_risk'
    when is_recent and latest.level >= 1 then 'stage_1'
    when latest.level = 0 and stage_2.day > date '${months_24}'
      and not coalesce(average.level = 0 and average.day >= stage_2.day, false)
      and not coalesce(bp_assessment > stage_2.day, false) then 'recheck'
    when latest.level >= 1 then 'stale_raised'
    when coalesce(latest.day <= date '${months_60}', true) and registered_months >= 12 then 'not_measured'
    end as tier
  from listed where tier is not null order by nhs_number
) to '${out}' (format parquet);
