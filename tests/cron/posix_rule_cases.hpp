#pragma once

namespace cloacina {

struct PosixRuleCase {
  const char* rule;
  const char* at;
  int offset;
};

/// Instants just before and at a change, worked out by hand.
inline constexpr PosixRuleCase posix_rule_cases[] = {
    {"UTC0", "2050-01-01T00:00:00Z", 0},
    {"<+0330>-3:30", "2050-01-01T00:00:00Z", 12'600},
    {"CET-1CEST,M3.5.0,M10.5.0/3", "2050-03-27T00:59:59Z", 3'600},
    {"CET-1CEST,M3.5.0,M10.5.0/3", "2050-03-27T01:00:00Z", 7'200},
    {"CET-1CEST,M3.5.0,M10.5.0/3", "2050-10-30T00:59:59Z", 7'200},
    {"CET-1CEST,M3.5.0,M10.5.0/3", "2050-10-30T01:00:00Z", 3'600},
    {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2050-03-27T00:59:59Z", -7'200},  // Saturday 23:00 local
    {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2050-03-27T01:00:00Z", -3'600},
    {"IST-1GMT0,M10.5.0,M3.5.0/1", "2050-01-01T00:00:00Z", 0},  // winter is the exception
    {"IST-1GMT0,M10.5.0,M3.5.0/1", "2050-07-01T00:00:00Z", 3'600},
    {"EET-2EEST,M3.4.4/50,M10.4.4/50", "2050-03-25T23:59:59Z", 7'200},  // Thursday the 24th plus 50 hours: Saturday 02:00
    {"EET-2EEST,M3.4.4/50,M10.4.4/50", "2050-03-26T00:00:00Z", 10'800},
    {"EST5EDT,0/0,J365/23", "2050-01-01T05:00:00Z", -14'400},  // daylight time all year
    {"EST5EDT,0/0,J365/23", "2050-12-31T23:30:00Z", -14'400},
    {"EST5EDT,0/0,J365/23", "2050-07-01T00:00:00Z", -14'400},
    {"AAA0BBB,J60/0,J61/0", "2048-02-29T12:00:00Z", 0},  // J60 is 1 March in every year
    {"AAA0BBB,J60/0,J61/0", "2048-03-01T12:00:00Z", 3'600},
    {"AAA0BBB,59/0,60/0", "2048-02-29T12:00:00Z", 3'600},  // day 59 is 29 February in a leap year
    {"AAA0BBB-2:15:30,59/0,60/0", "2049-03-01T12:00:00Z", 8'130},
};

}  // namespace cloacina
