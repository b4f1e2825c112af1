// A task whose library crashes on bad input. It runs in a process of its own: the attempt fails, the program goes on.
#include <cloacina/cloacina.hpp>
#include <csignal>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

/// Stands for a decoder that somebody else has written.
std::string decode(const std::string& image) {
  if (image == "damaged") std::raise(SIGSEGV);
  return image + ", decoded";
}

int main() {
  cloacina::WorkflowBuilder flow{"thumbnail"};
  auto load = flow.task("decode",
                        [](cloacina::TaskContext& t) { t.context().set("pixels", decode(t.context().get<std::string>("image"))); });
  load.isolated({.memory_bytes_max = 512 << 20, .cpu_time_max = 30s}).retry(cloacina::RetryPolicy::none());
  flow.task("placeholder", [](cloacina::TaskContext& t) { t.context().set("pixels", "a grey square"); })
      .after(load)
      .when(cloacina::any_failed())
      .recovers();

  cloacina::Runner runner{{.database = "sqlite:thumbnails.db"}};
  runner.add(flow.build());  // here the process is copied
  runner.start();
  for (const std::string image : {"a cat", "damaged"}) {
    const auto execution = runner.run("thumbnail", {{"image", image}});
    const auto& attempt = execution.task("decode").attempts.front();
    std::cout << image << ": " << to_string(execution.status) << ", " << execution.context.at("pixels").get<std::string>()
              << (attempt.error ? " (" + *attempt.error + ")" : "") << '\n';
  }
}
