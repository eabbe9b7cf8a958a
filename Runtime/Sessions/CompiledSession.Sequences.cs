using Cameo.Descriptions;
using Cameo.Sequences;

namespace Cameo.Sessions;

/// <content>Inputs and outputs that are sequences or optionals.</content>
public abstract partial class CompiledSession
{
    private SequencePool? _sequencePool;

    /// <summary>Memory of the tensors in sequences.</summary>
    protected SequencePool SequencePool => _sequencePool ??= new SequencePool();

    /// <summary>Bytes of the tensors in sequences at the moment; they grow with what runs need.</summary>
    public long SequenceBytes => _sequencePool?.Bytes ?? 0;

    /// <summary>
    /// Runs the model on named values: tensors, <see cref="TensorList"/> for sequences, and <see cref="TensorMap"/> for maps. An optional that is null or left out holds nothing. Apart from that as
    /// <see cref="Run(IReadOnlyDictionary{string, Tensor})"/>.
    /// </summary>
    /// <param name="inputs">All inputs of the model but optionals, and any of its states, by ONNX name.</param>
    /// <returns>The results by ONNX name; null for an optional that holds nothing.</returns>
    /// <exception cref="ModelInputException">An input is missing, unknown, or does not fit. States that were given may have been loaded.</exception>
    /// <exception cref="ConcurrentSessionUseException">A run is under way.</exception>
    public IReadOnlyDictionary<string, ModelValue?> Run(IReadOnlyDictionary<string, ModelValue?> inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        Dictionary<string, Tensor> tensors = SelectTensors(inputs);
        Enter();
        try
        {
            for (int index = 0; index < Description.SequenceInputs.Length; index++)
            {
                BindValue(index, inputs.GetValueOrDefault(Description.SequenceInputs[index].Name));
            }

            var outputs = new Dictionary<string, ModelValue?>(StringComparer.Ordinal);
            foreach (KeyValuePair<string, Tensor> output in RunTensors(tensors))
            {
                outputs.Add(output.Key, output.Value);
            }

            for (int index = 0; index < Description.SequenceOutputs.Length; index++)
            {
                outputs.Add(Description.SequenceOutputs[index].Name, ReadValue(index));
            }

            return outputs;
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>The session's object of an input that is a sequence or optional.</summary>
    /// <param name="index">Index among <see cref="ModelDescription.SequenceInputs"/>.</param>
    protected virtual TensorSequence GetSequenceInput(int index) => throw new ArgumentOutOfRangeException(nameof(index));

    /// <summary>Where an output that is a sequence or optional is after <see cref="Execute"/>.</summary>
    /// <param name="index">Index among <see cref="ModelDescription.SequenceOutputs"/>.</param>
    protected virtual TensorSequence GetSequenceOutput(int index) => throw new ArgumentOutOfRangeException(nameof(index));

    /// <summary>Takes copies of the tensors of an input for the run to come.</summary>
    /// <param name="index">Index among <see cref="ModelDescription.SequenceInputs"/>.</param>
    /// <param name="tensors">The tensors; null for an optional that holds nothing.</param>
    /// <exception cref="ModelInputException">A tensor has elements of another type, or nothing came and the input is no optional.</exception>
    protected void BindSequence(int index, IReadOnlyList<Tensor>? tensors)
    {
        SequenceDescription input = Description.SequenceInputs[index];
        TensorSequence target = BeginInput(index, tensors is not null);
        for (int number = 0; tensors is not null && number < tensors.Count; number++)
        {
            AddTensor(input, target, tensors[number]);
        }
    }

    /// <summary>Takes a copy of the tensor of an optional for the run to come.</summary>
    /// <param name="index">Index among <see cref="ModelDescription.SequenceInputs"/>.</param>
    /// <param name="tensor">The tensor; null for an optional that holds nothing.</param>
    /// <exception cref="ModelInputException">The tensor has elements of another type.</exception>
    protected void BindOptional(int index, Tensor? tensor)
    {
        TensorSequence target = BeginInput(index, tensor is not null);
        if (tensor is not null)
        {
            AddTensor(Description.SequenceInputs[index], target, tensor);
        }
    }

    /// <summary>An output for the typed interface.</summary>
    /// <param name="index">Index among <see cref="ModelDescription.SequenceOutputs"/>.</param>
    /// <exception cref="SequenceException">It holds nothing, and the model does not declare it as an optional.</exception>
    protected TensorSequence? ReadSequence(int index)
    {
        TensorSequence output = GetSequenceOutput(index);
        if (!output.IsPresent && Description.SequenceOutputs[index].Kind == SequenceKind.Sequence)
        {
            throw new SequenceException($"Output '{Description.SequenceOutputs[index].Name}' is an optional that holds nothing, and the model declares a sequence.");
        }

        return output.IsPresent ? output : null;
    }

    private static void AddTensor(SequenceDescription input, TensorSequence target, Tensor tensor)
    {
        CheckElementType(input.Name, input.ElementType, tensor);
        target.Add(tensor);
    }

    private TensorSequence BeginInput(int index, bool isPresent)
    {
        SequenceDescription input = Description.SequenceInputs[index];
        TensorSequence target = GetSequenceInput(index);
        if (isPresent)
        {
            target.Begin();
            return target;
        }

        if (input.Kind == SequenceKind.Sequence)
        {
            throw new MissingInputException(input.Name, []);
        }

        target.Clear();
        return target;
    }

    private void BindValue(int index, ModelValue? value)
    {
        SequenceDescription input = Description.SequenceInputs[index];
        switch (value)
        {
            case Tensor tensor when input.Kind == SequenceKind.OptionalTensor:
                BindOptional(index, tensor);
                break;
            case TensorList list when input.Kind != SequenceKind.OptionalTensor:
                BindSequence(index, list);
                break;
            case null:
                BeginInput(index, isPresent: false);
                break;
            default:
                throw new WrongKindException(input.Name, input.Kind == SequenceKind.OptionalTensor ? "an optional tensor" : "a sequence", Kind(value));
        }
    }

    private ModelValue? ReadValue(int index)
    {
        TensorSequence? output = ReadSequence(index);
        return output is null ? null
            : Description.SequenceOutputs[index].Kind == SequenceKind.OptionalTensor ? output[0].ToTensor()
            : output.ToList();
    }

    /// <summary>The values that are no sequences of the signature; they must be tensors.</summary>
    private Dictionary<string, Tensor> SelectTensors(IReadOnlyDictionary<string, ModelValue?> inputs)
    {
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach ((string name, ModelValue? value) in inputs)
        {
            if (Description.SequenceInputs.Any(input => input.Name == name) || value is null)
            {
                continue;
            }

            if (Array.Find(Description.MapInputs, map => map.Name == name) is { } map)
            {
                TensorMap entries = value as TensorMap ?? throw new WrongKindException(name, "a map", Kind(value));
                tensors.Add(map.KeysName, entries.Keys);
                tensors.Add(map.ValuesName, entries.Values);
                continue;
            }

            tensors.Add(name, value as Tensor ?? throw new WrongKindException(name, "a tensor", Kind(value)));
        }

        return tensors;
    }

    private static string Kind(ModelValue value) => value switch
    {
        Tensor => "a tensor",
        TensorMap => "a map",
        _ => "a sequence",
    };
}
