// compiles
#include <cloacina/cloacina.hpp>

struct Orders {
  int count = 0;
};
struct Rates {
  double euro = 1;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Orders, count)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Rates, euro)

void declare(cloacina::WorkflowBuilder& flow) {
  auto orders = flow.task<Orders>("orders", [] { return Orders{3}; });
  auto rates = flow.task<Rates>("rates", [](cloacina::TaskContext&) { return Rates{2}; });
  // The result is what the function returns, or what is declared.
  auto sum = flow.task(
      "sum", [](const Orders& o, const Rates& r) { return o.count * r.euro; }, orders, rates);
  auto rounded = flow.task<int>(
      "rounded", [](cloacina::TaskContext&, double s) { return static_cast<int>(s); }, sum);
  // A plain task behind typed ones, and a typed task that gives nothing.
  flow.task("mail", [](cloacina::TaskContext&) {}).after(rounded, "orders");
  flow.task<void>(
          "log", [](int) {}, rounded)
      .retry({.max_attempts = 1});
}
