#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "cloacina/log.hpp"

namespace cloacina {

LogSink log_to_stderr(LogLevel lowest) {
  // A logger of its own, not in spdlog's registry: the host may use spdlog as it likes.
  auto logger = std::make_shared<spdlog::logger>("cloacina", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  logger->set_level(spdlog::level::debug);
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%-7l%$ %v", spdlog::pattern_time_type::utc);
  return [logger, lowest](LogLevel level, std::string_view text) {
    if (level < lowest) return;
    constexpr spdlog::level::level_enum levels[] = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                                    spdlog::level::err};
    logger->log(levels[static_cast<std::size_t>(level)], spdlog::string_view_t(text.data(), text.size()));
    logger->flush();
  };
}

}  // namespace cloacina
