// Typed tasks: a dependency is an argument, so that the compiler checks the flow of data.
#include <cloacina/cloacina.hpp>
#include <iostream>
#include <map>
#include <string>
#include <vector>

namespace shop {

struct Order {
  std::string article;
  int cents = 0;
  std::string currency;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Order, article, cents, currency)

using Orders = std::vector<Order>;
using Rates = std::map<std::string, double>;

Orders fetch_orders() { return {{"tea", 1'250, "EUR"}, {"pot", 4'000, "USD"}, {"cup", 300, "EUR"}}; }
Rates fetch_rates() { return {{"EUR", 1.0}, {"USD", 0.9}}; }

double add_up(const Orders& orders, const Rates& rates) {
  double sum = 0;
  for (const auto& order : orders) sum += order.cents / 100.0 * rates.at(order.currency);
  return sum;
}

std::string largest(const Orders& orders) {
  Order best;
  for (const auto& order : orders) best = order.cents > best.cents ? order : best;
  return best.article;
}

}  // namespace shop

int main() {
  cloacina::WorkflowBuilder flow{"turnover"};
  auto orders = flow.task<shop::Orders>("orders", shop::fetch_orders);
  auto rates = flow.task<shop::Rates>("rates", shop::fetch_rates);
  auto sum = flow.task("sum", shop::add_up, orders, rates);  // a TaskRef<double>; other arguments do not compile
  auto best = flow.task("best", shop::largest, orders);
  flow.task(
      "report",
      [](cloacina::TaskContext& t, double total, const std::string& article) {
        return "execution of " + std::string(t.workflow()) + ": " + std::to_string(static_cast<int>(total)) + " EUR, mostly " +
               article;
      },
      sum, best);
  const auto workflow = flow.build();
  for (const auto& level : workflow.levels()) {
    for (const auto& task : level) std::cout << "[" << task << "]";
    std::cout << '\n';
  }

  cloacina::Runner runner{{.database = "sqlite:turnover.db"}};
  runner.add(workflow);
  runner.start();
  // A result is kept in the context under the task's name.
  std::cout << runner.run("turnover").context.at("report").get<std::string>() << '\n';
}
