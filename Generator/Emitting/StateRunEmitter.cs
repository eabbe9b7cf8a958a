using Cameo.Generator.Graphs;

namespace Cameo.Generator.Emitting;

/// <summary>Writes what a run does with the session's states: planning how caches advance, settling sizes, and taking over what the run leaves behind.</summary>
internal static class StateRunEmitter
{
    public static void WriteFields(CodeWriter code, EmissionModel model)
    {
        foreach (IGrouping<bool, StatePair> states in model.Graph.States.GroupBy(state => state.IsAppended))
        {
            string type = states.Key ? "KeyValueBuffer" : "CarriedState";
            code.Line($"private readonly {type}[] {StateFields.Field(states.Key)} = new {type}[{states.Count()}];");
        }

        if (model.Graph.Sequence?.Mask is not null)
        {
            code.Line("private long _maskColumns; // columns of the padding mask");
        }
    }

    public static void WriteConstruction(CodeWriter code, EmissionModel model)
    {
        SequencePlan? sequence = model.Graph.Sequence;
        if (sequence is not null)
        {
            code.Line($"CreateSequence({sequence.Capacity}, {CSharpText.Literal(sequence.CapacityOption)}{(sequence.PositionSymbol is null ? ", isFixed: true" : "")});");
        }

        StateEmitter.WriteCreation(code, model);
        if (sequence is not null && model.Graph.States.Any(state => state.IsAppended))
        {
            code.Line(sequence.Rows.IsStatic ? $"Sequence!.EnsureRows({sequence.Rows});" : "AllocateStates();");
        }
    }

    /// <summary>What comes before the kernels of a run: everything is checked before anything is changed.</summary>
    public static void WriteBegin(CodeWriter code, EmissionModel model)
    {
        foreach ((string symbol, int state, int axis) in model.StateSymbols)
        {
            DimensionRange range = model.Graph.Symbols.Range(symbol);
            long fallback = model.Graph.States[state].Kind == StateKind.FixedCache && range.IsBounded ? range.Maximum : Math.Max(1, range.Minimum);
            string tensor = model.States.Element(model.Graph.States[state]);
            code.Line($"{model.SymbolField(symbol)} = {tensor}.IsEmpty ? {fallback} : {tensor}.Shape[{axis}];");
        }

        if (model.Graph.Sequence is { } sequence)
        {
            WritePlan(code, model, sequence);
        }

        WriteTensors(code, model);
    }

    /// <summary>What comes after the kernels of a run.</summary>
    public static void WriteCommit(CodeWriter code, EmissionModel model)
    {
        if (model.Graph.Sequence is not null)
        {
            code.Line("Sequence!.Commit();");
        }

        if (model.TensorStates.Any())
        {
            using (code.Block($"foreach (CarriedState state in {StateFields.Field(isAppended: false)})"))
            {
                code.Line("state.Commit();");
            }
        }
    }

    /// <summary>A typed way to load states that only loading fills.</summary>
    public static void WriteLoading(CodeWriter code, EmissionModel model)
    {
        foreach ((int state, int input) in model.TensorStates)
        {
            Value value = model.Graph.Inputs[input];
            if (model.Graph.States[state].Kind != StateKind.Kept || value.ElementType.CSharpName() is not { } type)
            {
                continue;
            }

            code.Line($"/// <summary>Loads the state {CSharpText.Documentation(value.ToString())}, which runs only read; it stays until it is loaded again or the session is reset.</summary>");
            code.Line("/// <param name=\"values\">All elements, row-major.</param>");
            code.Line("/// <param name=\"shape\">Their sizes.</param>");
            code.Line("/// <exception cref=\"ModelInputException\">The sizes do not fit.</exception>");
            using (code.Block($"public void Load{Identifiers.Pascal(model.InputNames[input].TrimStart('@'))}(ReadOnlySpan<{type}> values, ReadOnlySpan<long> shape)"))
            {
                using (code.Block($"fixed ({type}* data = values)"))
                {
                    code.Line($"LoadState({DescriptionIndex(model, state)}, new TensorView(data, (ElementType){(int)value.ElementType}, shape), values.Length);");
                }
            }

            code.Line();
        }
    }

    private static int DescriptionIndex(EmissionModel model, int state) => model.Graph.States.Take(state).Count(other => other.Part == 0);

    /// <summary>Sizes of the states that are whole tensors, in loops over those of the same sizes.</summary>
    private static void WriteTensors(CodeWriter code, EmissionModel model)
    {
        string[] sizes = [.. model.TensorStates.Select(state => string.Join(", ", model.Graph.Inputs[state.Input].Shape.Select(model.Size)))];
        string field = StateFields.Field(isAppended: false);
        for (int first = 0; first < sizes.Length;)
        {
            int count = sizes.Skip(first).TakeWhile(size => size == sizes[first]).Count();
            if (count == 1)
            {
                code.Line($"{field}[{first}].Begin([{sizes[first]}]);");
            }
            else
            {
                using (code.Block($"for (int state = {first}; state < {first + count}; state++)"))
                {
                    code.Line($"{field}[state].Begin([{sizes[first]}]);");
                }

                code.Line();
            }

            first += count;
        }
    }

    private static void WritePlan(CodeWriter code, EmissionModel model, SequencePlan sequence)
    {
        string rows = $"checked((int){model.Size(sequence.Rows)})";
        string tokens = $"checked((int){model.Size(sequence.NewTokens)})";
        RowLengths lengths = sequence.Lengths;
        if (lengths.Input is not { } input)
        {
            code.Line($"Sequence!.Begin({rows}, {tokens});");
        }
        else
        {
            int index = model.Graph.Inputs.IndexOf(input);
            string pointer = $"({input.ElementType.CSharpName()}*)_input{index}";
            string call = lengths.Kind switch
            {
                RowLengthsKind.Mask => $"Begin({rows}, {tokens}, {pointer}, checked((int)_maskColumns))",
                RowLengthsKind.CountedMask => $"BeginCounted({rows}, {tokens}, {pointer}, checked((int)_maskColumns))",
                RowLengthsKind.Totals => $"BeginTotals({rows}, {tokens}, {pointer}, checked((int){model.Size(lengths.Offset)}))",
                _ => $"BeginAt({rows}, {tokens}, {pointer})",
            };
            using (code.Block($"if (_input{index} != null)"))
            {
                code.Line($"Sequence!.{call};");
            }

            code.Line("else");
            code.Line("{");
            using (code.Indent())
            {
                code.Line($"Sequence!.Begin({rows}, {tokens}); // nothing said: no padding");
            }

            code.Line("}");
            code.Line();
        }

        if (sequence.PositionSymbol is { } position)
        {
            code.Line($"{model.SymbolField(position)} = Sequence!.PastColumns;");
        }
    }
}
