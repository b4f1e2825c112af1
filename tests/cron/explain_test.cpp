// What `explain` says, word for word. Each sentence was read against what the expression does.
#include <gtest/gtest.h>

#include <vector>

#include "cloacina/cron.hpp"

namespace cloacina {
namespace {

struct Sentence {
  const char* pattern;
  const char* text;
};

void expect(const std::vector<Sentence>& rows) {
  for (const auto& [pattern, text] : rows) EXPECT_EQ(CronExpression::parse(pattern, Dialect::Extended).explain(), text) << pattern;
}

TEST(Explain, Minutes) {
  expect({
      {"* * * * *", "Every minute."},
      {"*/15 * * * *", "Every 15 minutes."},
      {"*/7 * * * *", "Every 7 minutes from minute 0 to minute 56 of every hour."},
      {"5-55/10 * * * *", "Every 10 minutes from minute 5 to minute 55 of every hour."},
      {"5-50/10 * * * *", "Every 10 minutes from minute 5 to minute 45 of every hour."},
      {"0-10 * * * *", "Every minute from minute 0 to minute 10 of every hour."},
      {"0 * * * *", "Every hour on the hour."},
      {"5 * * * *", "At minute 5 of every hour."},
      {"0,30 * * * *", "At minutes 0 and 30 of every hour."},
      {"0,1,2,3,4,10,12,14 * * * *", "At minutes 0 to 4, 10, 12 and 14 of every hour."},
      {"0,15,30,45 * * * *", "Every 15 minutes."},
      {"1,2,4,8,16,32 * * * *", "At minutes 1, 2, 4, 8, 16 and 32 of every hour."},
      {"1,3,8,10,15,17,22,24,29,31 * * * *", "At minutes 1, 3, 8, 10, 15, 17, 22, 24, 29 and 31 of every hour."},
      {"0-10,50-59 * * * *", "At minutes 0 to 10 and 50 to 59 of every hour."},
      {"*/2,*/3 * * * *", "At every 2nd minute from 0 to 58 and every 3rd minute from 0 to 57 of every hour."},
      {"H/15 * * * *", "Every 15 minutes from minute 3 to minute 48 of every hour."},
      {"H(0-29)/10 * * * *", "Every 10 minutes from minute 8 to minute 28 of every hour."},
      {"0-59 * * * *", "Every minute."},
      {"*/1 * * * *", "Every minute."},
      {"*/45 * * * *", "At minutes 0 and 45 of every hour."},
      {"*/30 * * * *", "Every 30 minutes."},
      {"*/31 * * * *", "At minutes 0 and 31 of every hour."},
      {"5/15 * * * *", "Every 15 minutes from minute 5 to minute 50 of every hour."},
      {"5-10,*/7 * * * *", "At minutes 5 to 10 and every 7th minute from 0 to 56 of every hour."},
      {"15/30 * * * *", "Every 30 minutes from minute 15 to minute 45 of every hour."},
  });
}

TEST(Explain, Hours) {
  expect({
      {"0 2 * * *", "At 02:00 every day."},
      {"0,30 8,18 * * *", "At 08:00, 08:30, 18:00 and 18:30 every day."},
      {"*/7 9-17 * * *", "Every 7 minutes from minute 0 to minute 56 of every hour from 9 to 17."},
      {"*/7 9 * * *", "Every 7 minutes from 09:00 to 09:56 every day."},
      {"5-55/10 9-17 * * *", "Every 10 minutes from 09:05 to 17:55 every day."},
      {"5-55/10 9 * * *", "Every 10 minutes from 09:05 to 09:55 every day."},
      {"0-10 9 * * *", "Every minute from 09:00 to 09:10 every day."},
      {"0-10 9-17 * * *", "Every minute from minute 0 to minute 10 of every hour from 9 to 17."},
      {"0-3 9 * * *", "Every minute from 09:00 to 09:03 every day."},
      {"* 9 * * *", "Every minute from 09:00 to 09:59 every day."},
      {"* 9-17 * * *", "Every minute from 09:00 to 17:59 every day."},
      {"* 9,17 * * *", "Every minute in the hours 9 and 17."},
      {"* */2 * * *", "Every minute in every 2nd hour from 0 to 22."},
      {"*/15 */2 * * *", "Every 15 minutes in every 2nd hour from 0 to 22."},
      {"*/15 9,17 * * *", "Every 15 minutes in the hours 9 and 17."},
      {"*/20 9,17 * * *", "At 09:00, 09:20, 09:40, 17:00, 17:20 and 17:40 every day."},
      {"0 */2 * * *", "Every 2 hours from 00:00 to 22:00 every day."},
      {"5 */2 * * *", "Every 2 hours from 00:05 to 22:05 every day."},
      {"0 */5 * * *", "Every 5 hours from 00:00 to 20:00 every day."},
      {"0 */6 * * *", "Every 6 hours from 00:00 to 18:00 every day."},
      {"0 */12 * * *", "At 00:00 and 12:00 every day."},
      {"0 9-17 * * *", "Every hour from 09:00 to 17:00 every day."},
      {"0 9,10,11 * * *", "At 09:00, 10:00 and 11:00 every day."},
      {"0 9-11 * * *", "Every hour from 09:00 to 11:00 every day."},
      {"0,30 9-17 * * *", "At minutes 0 and 30 of every hour from 9 to 17."},
      {"0 0,1,2,3,7,9-12,20 * * *", "At minute 0 of the hours 0 to 3, 7, 9 to 12 and 20."},
      {"0 22-2 * * *", "Every hour from 22:00 to 02:00 every day."},
      {"*/10 22-2 * * *", "Every 10 minutes from 22:00 to 02:50 every day."},
      {"* 22-2 * * *", "Every minute from 22:00 to 02:59 every day."},
      {"0 20-5/5 * * *", "At 01:00 and 20:00 every day."},
      {"H H * * *", "At 23:18 every day."},
      {"30-30 2 * * *", "At 02:30 every day."},
      {"0 0-23 * * *", "Every hour on the hour."},
      {"0 8/4 * * *", "Every 4 hours from 08:00 to 20:00 every day."},
      {"10-20/5 8-10 * * *", "Every 5 minutes from minute 10 to minute 20 of every hour from 8 to 10."},
      {"0 1-1 * * *", "At 01:00 every day."},
      {"23 0-20/2 * * *", "Every 2 hours from 00:23 to 20:23 every day."},
      {"0-10,15,30 9 * * *", "At minutes 0 to 10, 15 and 30 between 09:00 and 09:59 every day."},
      {"*/7 22-2 * * *", "Every 7 minutes from minute 0 to minute 56 of every hour from 22 to 2."},
      {"*/30 9-17 * * *", "Every 30 minutes from 09:00 to 17:30 every day."},
      {"*/30 9 * * *", "At 09:00 and 09:30 every day."},
      {"0,30 9 * * *", "At 09:00 and 09:30 every day."},
      {"*/2,*/3 9 * * *", "At every 2nd minute from 0 to 58 and every 3rd minute from 0 to 57 between 09:00 and 09:59 every day."},
      {"*/15 0,6-8 * * *", "Every 15 minutes in the hours 0 and 6 to 8."},
  });
}

TEST(Explain, Seconds) {
  expect({
      {"* * * * * *", "Every second."},
      {"30 0 2 * * *", "At 02:00:30 every day."},
      {"59 59 * * * *", "At minute 59 and second 59 of every hour."},
      {"*/10 * * * * *", "Every 10 seconds."},
      {"*/7 * * * * *", "Every 7 seconds from second 0 to second 56 of every minute."},
      {"*/10 5 * * * *", "Every 10 seconds in minute 5 of every hour."},
      {"*/10 5 9 * * *", "Every 10 seconds from 09:05:00 to 09:05:50 every day."},
      {"*/10 5-10 9 * * *", "Every 10 seconds from 09:05:00 to 09:10:50 every day."},
      {"*/10 */15 * * * *", "Every 10 seconds in minutes 0, 15, 30 and 45 of every hour."},
      {"*/10 */2 * * * *", "Every 10 seconds in every 2nd minute from 0 to 58 of every hour."},
      {"* * 9-17 * * *", "Every second from 09:00:00 to 17:59:59 every day."},
      {"* * 9,17 * * *", "Every second in the hours 9 and 17."},
      {"* 0 9 * * *", "Every second from 09:00:00 to 09:00:59 every day."},
      {"* 0,30 9 * * *", "Every second in minutes 0 and 30 between 09:00 and 09:59 every day."},
      {"30 * * * * *", "At second 30 of every minute."},
      {"30 * 9-17 * * *", "At second 30 of every minute from 09:00 to 17:59 every day."},
      {"30 * 9,12 * * *", "At second 30 of every minute of the hours 9 and 12."},
      {"30 */15 * * * *", "At second 30 of minutes 0, 15, 30 and 45 of every hour."},
      {"30 5 * * * *", "At minute 5 and second 30 of every hour."},
      {"30 5 */2 * * *", "Every 2 hours from 00:05:30 to 22:05:30 every day."},
      {"0,30 * * * * *", "At seconds 0 and 30 of every minute."},
      {"0-10 * * * * *", "Every second from second 0 to second 10 of every minute."},
      {"15,45 30 9 * * *", "At 09:30:15 and 09:30:45 every day."},
      {"*/30 * * * * *", "Every 30 seconds."},
      {"*/10 0 * * * *", "Every 10 seconds in minute 0 of every hour."},
  });
}

TEST(Explain, Days) {
  expect({
      {"*/15 9-17 * * MON-FRI", "Every 15 minutes from 09:00 to 17:45, Monday to Friday."},
      {"30 9-17/2 * * MON-FRI", "Every 2 hours from 09:30 to 17:30, Monday to Friday."},
      {"0 22-2 * * MON", "At 00:00, 01:00, 02:00, 22:00 and 23:00 every Monday."},
      {"5,10 9 * 6-8 *", "At 09:05 and 09:10 every day from June to August."},
      {"0 9 * JAN,JUL *", "At 09:00 every day in January and July."},
      {"0 9 * */3 *", "At 09:00 every day in January, April, July and October."},
      {"0 9 * NOV-FEB *", "At 09:00 every day from November to February."},
      {"* * * 6 *", "Every minute in June."},
      {"0 0 15W * *", "At 00:00 on the weekday (Monday to Friday) nearest to the 15th of every month."},
      {"0 0 1W JAN *", "At 00:00 on the weekday (Monday to Friday) nearest to the 1st of January."},
      {"0 0 L * *", "At 00:00 on the last day of every month."},
      {"0 0 1,L * *", "At 00:00 on the 1st and the last day of every month."},
      {"0 0 1,15,L * *", "At 00:00 on the 1st, 15th and the last day of every month."},
      {"0 0 L-1 * *", "At 00:00 on the day before the last day of every month."},
      {"0 0 L-3 2 *", "At 00:00 on the day 3 days before the last day of February."},
      {"0 0 LW * *", "At 00:00 on the last weekday (Monday to Friday) of every month."},
      {"0 0 L,L-1 * *", "At 00:00 on the last day and the day before the last day of every month."},
      {"0 0 1 * *", "At 00:00 on the 1st of every month."},
      {"0 0 1,15 * *", "At 00:00 on the 1st and 15th of every month."},
      {"0 0 1-7 * *", "At 00:00 on the 1st to 7th of every month."},
      {"0 0 1,2,3,11,12,13,21,22,23,31 * *", "At 00:00 on the 1st to 3rd, 11th to 13th, 21st to 23rd and 31st of every month."},
      {"0 0 */2 * *", "At 00:00 on every 2nd day from the 1st to the 31st of every month."},
      {"0 0 */10 * *", "At 00:00 on the 1st, 11th, 21st and 31st of every month."},
      {"0 0 1-10/3 * *", "At 00:00 on the 1st, 4th, 7th and 10th of every month."},
      {"0 0 */2,L * *", "At 00:00 on every 2nd day from the 1st to the 31st and the last day of every month."},
      {"0 0 31 * *", "At 00:00 on the 31st of every month."},
      {"0 0 29 2 *", "At 00:00 on the 29th of February."},
      {"0 0 1 1 *", "At 00:00 on the 1st of January."},
      {"0 0 1 6-8 *", "At 00:00 on the 1st of every month from June to August."},
      {"0 0 1 1,7 *", "At 00:00 on the 1st of January and July."},
      {"0 0 * * MON", "At 00:00 every Monday."},
      {"0 0 * * MON,FRI", "At 00:00 every Monday and Friday."},
      {"0 0 * * 0,6", "At 00:00 every Saturday and Sunday."},
      {"0 0 * * MON,WED,FRI", "At 00:00 every Monday, Wednesday and Friday."},
      {"0 0 * * MON-FRI", "At 00:00, Monday to Friday."},
      {"0 0 * * FRI-SUN", "At 00:00, Friday to Sunday."},
      {"0 0 * * FRI-MON", "At 00:00, Friday to Monday."},
      {"0 0 * * MON-WED,FRI", "At 00:00 every Monday, Tuesday, Wednesday and Friday."},
      {"0 0 * * 0-6", "At 00:00 every day."},
      {"0 0 * * */2", "At 00:00 every Tuesday, Thursday, Saturday and Sunday."},
      {"0 0 * * 1/2", "At 00:00 every Monday, Wednesday and Friday."},
      {"0 0 * * 5#L", "At 00:00 on the last Friday of every month."},
      {"0 0 * * FRI#2", "At 00:00 on the 2nd Friday of every month."},
      {"0 0 * * FRI#1,FRI#3", "At 00:00 on the 1st and 3rd Friday of every month."},
      {"0 0 * * FRI#1,FRI#L", "At 00:00 on the 1st and last Friday of every month."},
      {"0 0 * * 5L,1#2", "At 00:00 on the last Friday and the 2nd Monday of every month."},
      {"0 0 * * MON,FRI#2", "At 00:00 every Monday and on the 2nd Friday of every month."},
      {"0 0 * 6 MON,FRI#2", "At 00:00 every Monday in June and on the 2nd Friday of June."},
      {"0 0 * 6-8 FRI#2", "At 00:00 on the 2nd Friday of every month from June to August."},
      {"0 0 * 6-8 MON-FRI", "At 00:00, Monday to Friday, from June to August."},
      {"0 0 * 6 MON-FRI", "At 00:00, Monday to Friday, in June."},
      {"0 0 * 6 MON", "At 00:00 every Monday in June."},
      {"0 12 * * +FRI", "At 12:00 every Friday."},
      {"0 0 31 2 *", "At 00:00 on the 31st of February. It never fires: there is no such date between 1970 and 2199."},
      {"0 0 ? * 1", "At 00:00 every Monday."},
      {"0 0 1 * ?", "At 00:00 on the 1st of every month."},
      {"0 4 8-14 * *", "At 04:00 on the 8th to 14th of every month."},
      {"0 0 1 NOV-FEB *", "At 00:00 on the 1st of every month from November to February."},
      {"0 0 31 4,6 *", "At 00:00 on the 31st of April and June. It never fires: there is no such date between 1970 and 2199."},
  });
}

TEST(Explain, BothDayFields) {
  expect({
      {"0 12 1 * MON", "At 12:00 on the 1st of every month, and also every Monday."},
      {"0 12 1 JAN,JUL MON", "At 12:00 on the 1st of January and July, and also every Monday in January and July."},
      {"0 12 1 * MON-FRI", "At 12:00 on the 1st of every month, and also every day from Monday to Friday."},
      {"0 12 1 * FRI#2", "At 12:00 on the 1st of every month, and also on the 2nd Friday of every month."},
      {"0 12 1-31 * MON", "At 12:00 every day."},
      {"0 12 1 * 0-6", "At 12:00 every day."},
      {"0 12 *,5 * MON", "At 12:00 every day."},
      {"0 12 13 * +FRI", "At 12:00 every Friday the 13th."},
      {"0 12 13 6 +FRI", "At 12:00 every Friday the 13th in June."},
      {"0 12 1-7 * +MON-FRI", "At 12:00 on the 1st to 7th of every month, but only from Monday to Friday."},
      {"0 12 8-14 * +SAT,SUN", "At 12:00 on the 8th to 14th of every month, but only if it is a Saturday or Sunday."},
      {"0 12 1-7 * +MON", "At 12:00 on the 1st to 7th of every month, but only if it is a Monday."},
      {"0 12 L * +FRI", "At 12:00 on the last day of every month, but only if it is a Friday."},
      {"0 12 15W * +MON",
       "At 12:00 on the weekday (Monday to Friday) nearest to the 15th of every month, but only if it is a Monday."},
      {"0 12 */2 * +MON#1,FRI",
       "At 12:00 on every 2nd day from the 1st to the 31st of every month, but only if it is a Friday or the 1st Monday."},
      {"0 12 1-31 * +FRI", "At 12:00 every Friday."},
      {"0 0 30 2 MON", "At 00:00 on the 30th of February, and also every Monday in February."},
  });
}

TEST(Explain, Years) {
  expect({
      {"0 0 0 1 1 * 2027", "At 00:00 on the 1st of January 2027."},
      {"0 0 0 1 1 * 2027-2030,2035", "At 00:00 on the 1st of January in 2027 to 2030 and 2035."},
      {"0 0 0 1 1 * 2027-2030", "At 00:00 on the 1st of January from 2027 to 2030."},
      {"0 0 0 1 1 * */4", "At 00:00 on the 1st of January in every 4th year from 1970 to 2198."},
      {"0 0 0 1 1 * 2027,2028", "At 00:00 on the 1st of January in 2027 and 2028."},
      {"* * * * * * 2027", "Every second in 2027."},
      {"0 * * * * * 2027", "Every minute in 2027."},
      {"0 0 9 * * MON-FRI 2027", "At 09:00, Monday to Friday, in 2027."},
      {"0 0 9 * 6 MON-FRI 2027", "At 09:00, Monday to Friday, in June 2027."},
      {"0 0 9 1 * MON 2027", "At 09:00 on the 1st of every month, and also every Monday, all in 2027."},
      {"0 0 9 13 * +FRI 2027", "At 09:00 every Friday the 13th in 2027."},
      {"0 0 9 1-7 * +FRI 2027-2030",
       "At 09:00 on the 1st to 7th of every month, but only if it is a Friday, all from 2027 to 2030."},
      {"0 0 0 1 NOV-FEB * 2027", "At 00:00 on the 1st of January, February, November and December in 2027."},
  });
}

TEST(Explain, Nicknames) {
  expect({
      {"@daily", "At 00:00 every day."},
      {"@yearly", "At 00:00 on the 1st of January."},
      {"@hourly", "Every hour on the hour."},
      {"@weekly", "At 00:00 every Sunday."},
      {"@monthly", "At 00:00 on the 1st of every month."},
      {"@reboot", "Once each time a runner starts."},
      {"@every 1d1h30m", "Every 1 day, 1 hour and 30 minutes (a day is 24 hours), counted from the schedule's start."},
      {"@every 1h", "Every hour, counted from the schedule's start."},
      {"@every 90s", "Every 90 seconds, counted from the schedule's start."},
      {"@every 24h", "Every 24 hours, counted from the schedule's start."},
      {"@every 7d", "Every 7 days (a day is 24 hours), counted from the schedule's start."},
      {"@every 1500ms", "Every 1500 milliseconds, counted from the schedule's start."},
      {"@every 48h", "Every 2 days (a day is 24 hours), counted from the schedule's start."},
      {"@every 2m", "Every 2 minutes, counted from the schedule's start."},
      {"@every 45s", "Every 45 seconds, counted from the schedule's start."},
      {"@every 1h30m", "Every 90 minutes, counted from the schedule's start."},
      {"@every 26h", "Every 26 hours, counted from the schedule's start."},
      {"@every 1m", "Every minute, counted from the schedule's start."},
  });
}

TEST(Explain, NamesTheZone) {
  const auto in = [](const char* pattern, const char* zone) {
    return CronRule{.expression = CronExpression::parse(pattern, Dialect::Extended), .zone = ZoneDatabase::system().zone(zone)}
        .explain();
  };
  EXPECT_EQ(in("0 2 * * *", "Europe/Berlin"), "At 02:00 every day, Europe/Berlin time.");
  EXPECT_EQ(in("0 2 * * MON-FRI", "UTC"), "At 02:00, Monday to Friday, UTC.");
  EXPECT_EQ(in("@every 1h", "Europe/Berlin"), "Every hour, counted from the schedule's start.") << "whatever the zone does";
  EXPECT_EQ(in("@reboot", "Europe/Berlin"), "Once each time a runner starts.");
  EXPECT_EQ(in("0 0 31 2 *", "Europe/Berlin"),
            "At 00:00 on the 31st of February. It never fires: there is no such date between 1970 and 2199.");
}

/// The sentence is about what fires, not about how it is written.
TEST(Explain, SameSetsSameSentence) {
  const std::pair<const char*, const char*> rows[] = {
      {"* * * * *", "0-59 0-23 1-31 1-12 0-6"},
      {"0 0 * * SUN", "0 0 * * 7"},
      {"*/15 * * * *", "0,15,30,45 * * * *"},
      {"0 0 1,2,3 * *", "0 0 3,2,1,1 * *"},
      {"0 22-2 * * *", "0 0-2,22-23 * * *"},
      {"0 0 * * 5L", "0 0 * * FRI#L"},
      {"@weekly", "0 0 ? * SUN"},
  };
  for (const auto& [a, b] : rows) {
    EXPECT_EQ(CronExpression::parse(a, Dialect::Extended).explain(), CronExpression::parse(b, Dialect::Extended).explain()) << b;
  }
}

}  // namespace
}  // namespace cloacina
