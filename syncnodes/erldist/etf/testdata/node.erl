%% What the tests ask of Erlang. A request is a packet of 4 bytes' length and a term
%% in the external format, and so is the answer. It is passed to erl -eval.
Read = fun(Text) ->
    {ok, Tokens, _} = erl_scan:string(unicode:characters_to_list(<<Text/binary, ".">>)),
    {ok, Exprs} = erl_parse:parse_exprs(Tokens),
    {value, Term, _} = erl_eval:exprs(Exprs, []),
    Term
end,
Sorted = case erlang:system_info(otp_release) >= "26" of
    true -> "~tkw"; % maps by Erlang's order of their keys
    false -> "~tw"
end,
Bytes = fun(Term) -> term_to_binary(Term, [{minor_version, 2}]) end,
Text = fun(Term) -> unicode:characters_to_binary(io_lib:format(Sorted, [Term])) end,

%% Terms with all kinds in them, of what Erlang has of its own.
Int = fun() -> (rand:uniform(1 bsl rand:uniform(80)) - 1) * (rand:uniform(3) - 2) end,
Atom = fun() -> list_to_atom([lists:nth(rand:uniform(8), "abAZ_@éж") || _ <- lists:seq(1, rand:uniform(9))]) end,
Leaf = fun() ->
    case rand:uniform(9) of
        1 -> Int();
        2 -> rand:uniform() * Int() + 0.0;
        3 -> Atom();
        4 -> rand:bytes(rand:uniform(9));
        5 -> N = rand:uniform(60), <<N:N>>;
        6 -> [rand:uniform(256) - 1 || _ <- lists:seq(1, rand:uniform(9))];
        7 -> [rand:uniform(1000) || _ <- lists:seq(1, rand:uniform(9))];
        8 -> fun lists:map/2;
        9 -> lists:nth(rand:uniform(4), [self(), make_ref(), hd(erlang:ports()), fun() -> self() end])
    end
end,
Key = fun Key() -> % without floats: releases differ in their place among integers
    case rand:uniform(4) of
        1 -> Int();
        2 -> Atom();
        3 -> {Key(), make_ref()};
        4 -> [Key(), self() | <<1:1>>]
    end
end,
Make = fun Make(0) -> Leaf();
           Make(Depth) ->
    Several = fun() -> [Make(Depth - 1) || _ <- lists:seq(1, rand:uniform(5) - 1)] end,
    case rand:uniform(6) of
        1 -> Leaf();
        2 -> list_to_tuple(Several());
        3 -> Several();
        4 -> [Make(Depth - 1) | case Leaf() of [_ | _] -> tail; Tail -> Tail end];
        5 -> maps:from_list([{Key(), Value} || Value <- Several()]);
        6 -> {Leaf(), Leaf()}
    end
end,

Answer = fun
    (release) -> list_to_integer(erlang:system_info(otp_release));
    ({eval, Expr}) -> Term = Read(Expr), {term_to_binary(Term), Bytes(Term), Text(Term)};
    ({same, Data, Expr}) -> binary_to_term(Data) =:= Read(Expr);
    ({echo, Data}) -> Term = binary_to_term(Data), {term_to_binary(Term), Bytes(Term)};
    ({make, Seed, N}) ->
        rand:seed(exsss, Seed),
        Terms = [Make(4) || _ <- lists:seq(1, N)],
        put(terms, Terms),
        [{term_to_binary(Term), Bytes(Term), Text(Term)} || Term <- Terms];
    ({made, Data}) -> [binary_to_term(D) || D <- Data] =:= get(terms);
    ({sort, Data}) -> [N || {_, N} <- lists:keysort(1, lists:zip([binary_to_term(D) || D <- Data], lists:seq(0, length(Data) - 1)))]
end,
Port = open_port({fd, 0, 1}, [binary, {packet, 4}, eof]),
Loop = fun Loop() ->
    receive
        {Port, {data, Request}} ->
            Reply = try Answer(binary_to_term(Request)) catch Class:Reason -> {failed, Text({Class, Reason})} end,
            port_command(Port, term_to_binary(Reply)),
            Loop();
        {Port, eof} -> halt()
    end
end,
Loop().
