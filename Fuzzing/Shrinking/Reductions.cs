using Cameo.Benchmarks.Peers;
using Cameo.Fuzzing.Models;
using Cameo.Fuzzing.Oracle;
using Cameo.Generator.Onnx.Proto;
using Cameo.Sessions;

namespace Cameo.Fuzzing.Shrinking;

/// <summary>All graphs that are a step smaller than a graph.</summary>
internal static class Reductions
{
    public static IEnumerable<FuzzModel> Of(FuzzModel model)
    {
        List<Dictionary<string, OnnxRuntimeTensor>> values;
        using (var reference = new Reference(model))
        {
            values = [.. model.Runs.Select(run => reference.RunAll(run, noise: null))];
        }

        return FewerOutputs(model).Concat(FewerRuns(model)).Concat(Earlier(model, values)).Concat(Cut(model, values)).Concat(Bypass(model, values)).Concat(Fixed(model)).Concat(Constants(model));
    }

    private static FuzzModel With(FuzzModel model, List<FuzzInput>? inputs = null, Dictionary<string, TensorProto>? initializers = null, List<FuzzStep>? steps = null,
        List<FuzzOutput>? outputs = null, List<Dictionary<string, OnnxRuntimeTensor>>? runs = null, bool keepsRefusal = false) => new FuzzModel(model.Opset)
        {
            Inputs = inputs ?? model.Inputs,
            Initializers = initializers ?? model.Initializers,
            Steps = steps ?? model.Steps,
            Outputs = outputs ?? model.Outputs,
            Runs = runs ?? model.Runs,
            RefusedRun = keepsRefusal ? model.RefusedRun : null,
        }.Pruned();

    private static IEnumerable<FuzzModel> FewerOutputs(FuzzModel model) =>
        model.Outputs.Count == 1 ? [] : model.Outputs.SelectMany(output => new[] { With(model, outputs: [output], keepsRefusal: true), With(model, outputs: [.. model.Outputs.Where(other => other != output)], keepsRefusal: true) });

    private static IEnumerable<FuzzModel> FewerRuns(FuzzModel model) => model.Runs.Count == 1 ? [] : model.Runs.Select(run => With(model, runs: [run]));

    /// <summary>A value within the graph becomes its only output.</summary>
    private static IEnumerable<FuzzModel> Earlier(FuzzModel model, List<Dictionary<string, OnnxRuntimeTensor>> values) => model.Steps.SelectMany(static step => step.Outputs)
        .Where(name => model.Outputs.All(output => output.Name != name))
        .Select(name => With(model, outputs: [new FuzzOutput(name, (ElementType)values[0][name].ElementType, null)], keepsRefusal: true));

    /// <summary>A value within the graph becomes an input.</summary>
    private static IEnumerable<FuzzModel> Cut(FuzzModel model, List<Dictionary<string, OnnxRuntimeTensor>> values)
    {
        foreach (FuzzStep step in model.Steps)
        {
            if (step.Outputs.Any(name => model.Outputs.Any(output => output.Name == name) || values.Any(run => !run[name].Shape.SequenceEqual(values[0][name].Shape))))
            {
                continue;
            }

            yield return With(
                model,
                inputs: [.. model.Inputs, .. step.Outputs.Select(name => new FuzzInput(name, (ElementType)values[0][name].ElementType, [.. values[0][name].Shape.Cast<object>()], -1, 1))],
                steps: [.. model.Steps.Where(other => other != step)],
                runs: [.. model.Runs.Select((run, index) =>
                {
                    Dictionary<string, OnnxRuntimeTensor> inputs = new(run, StringComparer.Ordinal);
                    foreach (string name in step.Outputs)
                    {
                        inputs[name] = values[index][name];
                    }

                    return inputs;
                })]);
        }
    }

    /// <summary>A step is left out: who read its result reads an operand of the same type and shape.</summary>
    private static IEnumerable<FuzzModel> Bypass(FuzzModel model, List<Dictionary<string, OnnxRuntimeTensor>> values)
    {
        foreach (FuzzStep step in model.Steps.Where(step => step.Outputs.Length == 1 && model.Outputs.All(output => output.Name != step.Outputs[0])))
        {
            string result = step.Outputs[0];
            foreach (string operand in step.Inputs.Where(name => values.All(run =>
                run.TryGetValue(name, out OnnxRuntimeTensor? value) && value.ElementType == run[result].ElementType && value.Shape.SequenceEqual(run[result].Shape))))
            {
                yield return With(model, steps: [.. model.Steps.Where(other => other != step).Select(other => Rename(other, result, operand))]);
            }
        }
    }

    private static IEnumerable<FuzzModel> Fixed(FuzzModel model)
    {
        if (model.Inputs.All(static input => input.Sizes.All(static size => size is not string)))
        {
            yield break;
        }

        foreach (Dictionary<string, OnnxRuntimeTensor> run in model.Runs)
        {
            yield return With(model, inputs: [.. model.Inputs.Select(input => input with { Sizes = [.. run[input.Name].Shape.Cast<object>()] })], runs: [run]);
        }
    }

    private static IEnumerable<FuzzModel> Constants(FuzzModel model) => model.Runs.Count > 1 || model.Inputs.Count < 2 ? [] : model.Inputs.Select(input => With(
        model,
        inputs: [.. model.Inputs.Where(other => other != input)],
        initializers: new Dictionary<string, TensorProto>(model.Initializers, StringComparer.Ordinal) { [input.Name] = Elements.ToProto(input.Name, model.Runs[0][input.Name]) }));

    private static FuzzStep Rename(FuzzStep step, string from, string to)
    {
        if (!step.Inputs.Contains(from))
        {
            return step;
        }

        NodeProto[] nodes = [.. step.Nodes.Select(static node => node.Clone())];
        foreach (NodeProto node in nodes)
        {
            Rename(node, from, to);
        }

        return FuzzStep.Of(nodes) with { Functions = step.Functions };
    }

    private static void Rename(NodeProto node, string from, string to)
    {
        for (int index = 0; index < node.Input.Count; index++)
        {
            node.Input[index] = node.Input[index] == from ? to : node.Input[index];
        }

        foreach (NodeProto inner in node.Attribute.Where(static attribute => attribute.G is not null).SelectMany(static attribute => attribute.G.Node))
        {
            Rename(inner, from, to);
        }
    }
}
