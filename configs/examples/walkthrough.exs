# What the walk-through runs in its nodes: its observer, word for word, the PingPong that
# it calls, and an observer that is told of hidden nodes too.
defmodule Cluster.Observer do
  use GenServer
  require Logger

  def start_link(_)do
    GenServer.start_link(__MODULE__, %{})
  end

  @impl GenServer
  def init(state) do
    # https://erlang.org/doc/man/net_kernel.html#monitor_nodes-1
    :net_kernel.monitor_nodes(true)

    {:ok, state}
  end

  @impl GenServer
  @doc """
  Handler that will be called when a node has left the cluster.
  """
  def handle_info({:nodedown, node}, state) do
    Logger.info("--- Node down: #{node}")

    {:noreply, state}
  end

  @impl GenServer
  @doc """
  Handler that will be called when a node has joined the cluster.
  """
  def handle_info({:nodeup, node}, state) do
    Logger.info("--- Node up: #{node}")

    {:noreply, state}
  end
end

defmodule PingPong do
  use GenServer

  def start_link(_), do: GenServer.start_link(__MODULE__, nil, name: __MODULE__)

  @impl GenServer
  def init(state), do: {:ok, state}

  @impl GenServer
  def handle_call(:ping, _from, state), do: {:reply, :pong, state}
end

# interconnectd is a hidden node: monitor_nodes(true) alone does not tell of it.
defmodule Cluster.ObserverOfAll do
  use GenServer
  require Logger

  def start_link(_), do: GenServer.start_link(__MODULE__, %{})

  @impl GenServer
  def init(state) do
    :ok = :net_kernel.monitor_nodes(true, [:nodedown_reason, node_type: :all])

    {:ok, state}
  end

  @impl GenServer
  def handle_info({:nodedown, node, info}, state) do
    Logger.info("--- Node down: #{node}: #{info[:node_type]} #{info[:nodedown_reason]}")

    {:noreply, state}
  end

  @impl GenServer
  def handle_info({:nodeup, node, info}, state) do
    Logger.info("--- Node up: #{node}: #{info[:node_type]}")

    {:noreply, state}
  end
end
