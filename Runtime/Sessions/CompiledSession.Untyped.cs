using System.Runtime.InteropServices;
using Cameo.Descriptions;

namespace Cameo.Sessions;

/// <content>The untyped interface: names and tensors.</content>
public abstract unsafe partial class CompiledSession
{
    /// <summary>
    /// Runs the model on named tensors. A tensor named like a state's input loads that state first; states that are not given keep what
    /// they hold. The results are copies, states under their output's names among them.
    /// </summary>
    /// <param name="inputs">All inputs of the model, and any of its states, by ONNX name.</param>
    /// <exception cref="ModelInputException">An input is missing, unknown, or does not fit. States that were given may have been loaded.</exception>
    /// <exception cref="ConcurrentSessionUseException">A run is under way.</exception>
    /// <exception cref="NotSupportedException">An output is a sequence or an optional.</exception>
    public IReadOnlyDictionary<string, Tensor> Run(IReadOnlyDictionary<string, Tensor> inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        if (Description.SequenceOutputs.Length > 0)
        {
            throw new NotSupportedException($"Output '{Description.SequenceOutputs[0].Name}' is a sequence or an optional: use the Run that takes and gives values of the type {nameof(ModelValue)}.");
        }

        Enter();
        try
        {
            for (int index = 0; index < Description.SequenceInputs.Length; index++)
            {
                BindOptional(index, null);
            }

            return RunTensors(inputs);
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Runs the model with the session taken and sequences bound.</summary>
    private Dictionary<string, Tensor> RunTensors(IReadOnlyDictionary<string, Tensor> inputs)
    {
        var pins = new GCHandle[Description.Inputs.Length];
        try
        {
            CheckInputs(inputs);
            LoadStates(inputs);
            for (int index = 0; index < pins.Length; index++)
            {
                Tensor tensor = inputs[Description.Inputs[index].Name];
                if (tensor.ElementType == ElementType.String)
                {
                    BindInput(index, BindTexts(index, tensor.Texts), tensor.Shape);
                    continue;
                }

                pins[index] = tensor.Pin();
                BindInput(index, (void*)pins[index].AddrOfPinnedObject(), tensor.Shape);
            }

            Execute();
            return CopyOutputs();
        }
        finally
        {
            foreach (GCHandle pin in pins)
            {
                if (pin.IsAllocated)
                {
                    pin.Free();
                }
            }
        }
    }

    private void CheckInputs(IReadOnlyDictionary<string, Tensor> inputs)
    {
        int found = 0;
        foreach (ValueDescription input in Description.Inputs)
        {
            if (!inputs.TryGetValue(input.Name, out Tensor? tensor))
            {
                throw new MissingInputException(input.Name, inputs.Keys);
            }

            CheckElementType(input.Name, input.ElementType, tensor);
            found++;
        }

        foreach (StateDescription state in Description.States)
        {
            if (inputs.TryGetValue(state.InputName, out Tensor? tensor))
            {
                CheckElementType(state.InputName, state.ElementType, tensor);
                found++;
            }
        }

        if (found != inputs.Count)
        {
            string[] known = [.. Description.Inputs.Select(static input => input.Name), .. Description.States.Select(static state => state.InputName)];
            throw new UnknownInputException(inputs.Keys.Except(known).First(), known);
        }
    }

    private static void CheckElementType(string name, ElementType expected, Tensor tensor)
    {
        if (tensor.ElementType != expected)
        {
            throw new WrongElementTypeException(name, expected, tensor.ElementType);
        }
    }

    private Dictionary<string, Tensor> CopyOutputs()
    {
        var outputs = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        for (int index = 0; index < Description.Outputs.Length; index++)
        {
            outputs[Description.Outputs[index].Name] = GetOutputView(index).ToTensor();
        }

        for (int index = 0; index < Description.States.Length; index++)
        {
            if (Description.States[index].OutputName is { Length: > 0 } name)
            {
                outputs[name] = ReadStateCore(index);
            }
        }

        return outputs;
    }
}
